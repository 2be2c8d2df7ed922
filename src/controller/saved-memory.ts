import { hasShape } from '../core/decide/has-shape.ts';
import { restoredState, savedState } from '../core/decide/saved-state.ts';
import type { ServiceState } from '../core/decide/service-look.ts';
import type { Switches } from './command-desk.ts';
import type { Discovered } from './endpoint-memory.ts';

const SERVICE = 'service:';
const ENDPOINTS = 'endpoints:';
const SWITCHES = 'switches';

/** All that the loop remembers over a restart, by service. */
export interface Memory {
  readonly states: ReadonlyMap<string, ServiceState>;
  readonly discovered: ReadonlyMap<string, Discovered>;
  readonly switches: Switches;
}

/** The entries in which a memory is saved. */
export function savedMemory({ states, discovered, switches }: Memory): ReadonlyMap<string, unknown> {
  const entries = new Map<string, unknown>([[SWITCHES, switches]]);
  for (const [id, state] of states) entries.set(`${SERVICE}${id}`, savedState(state));
  for (const [id, endpoints] of discovered) entries.set(`${ENDPOINTS}${id}`, endpoints);
  return entries;
}

/**
 * A memory from saved entries, perhaps those of another version of Penstock.
 * @param onDropped told of each part that cannot be read and begins anew
 */
export function restoredMemory(
  saved: ReadonlyMap<string, unknown>,
  onDropped: (service: string, what: string) => void,
): Memory {
  const states = new Map<string, ServiceState>();
  const discovered = new Map<string, Discovered>();
  for (const [key, value] of saved) {
    if (key.startsWith(SERVICE)) {
      const id = key.slice(SERVICE.length);
      const { state, dropped } = restoredState(value);
      states.set(id, state);
      for (const what of dropped) onDropped(id, what);
    } else if (key.startsWith(ENDPOINTS)) {
      const id = key.slice(ENDPOINTS.length);
      if (isDiscovered(value)) discovered.set(id, value);
      else onDropped(id, 'what discovery told last cannot be read; it is asked anew');
    }
  }
  return { states, discovered, switches: restoredSwitches(saved.get(SWITCHES)) };
}

function restoredSwitches(saved: unknown): Switches {
  return {
    frozen: hasShape(saved, { frozen: true }) && saved.frozen,
    baseline: hasShape(saved, { baseline: true }) && saved.baseline,
  };
}

const ENDPOINT = { address: '', port: 0, weight: 0, zone: '', priority: 0, backup: false, health: '' };

function isDiscovered(value: unknown): value is Discovered {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every(
    (endpoints) => Array.isArray(endpoints) && endpoints.every((each) => hasShape(each, ENDPOINT)),
  );
}
