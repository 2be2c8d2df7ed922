import { NEW_ENDPOINT } from '../policy/balance/endpoint-memory.ts';
import { closedBreaker } from '../policy/breaker/decide-breaker.ts';
import type { BreakerPhase, BreakerState } from '../policy/breaker/decision.ts';
import { NO_WORKLOAD } from '../policy/workload/decision.ts';
import { NO_DISPERSION } from '../stats/dispersion.ts';
import { NEW_OVERFLOW } from './decide-overflow.ts';
import { NEW_VERSION_DEMAND, NO_DEMAND } from './demand-state.ts';
import { hasShape } from './has-shape.ts';
import { NO_LIMITS } from './limits-decision.ts';
import { isGateMemory, isRolloutState } from './saved-rollout.ts';
import { NEW_SERVICE_STATE, NO_INTERLOCKS, type ServiceState } from './service-look.ts';

/**
 * What the states mean. To be raised with a change of meaning that the shape does not tell: a part that was
 * saved under another number begins anew.
 */
const FORMATS = {
  rollout: 1,
  gates: 3,
  breaker: 1,
  balance: 1,
  overflow: 1,
  limits: 1,
  demand: 1,
  workload: 1,
  interlocks: 1,
  dispersion: 1,
} as const;

type Part = keyof typeof FORMATS;
type Saved = Readonly<Record<string, unknown>>;

/** A state with the formats that it is saved in. */
export function savedState(state: ServiceState): unknown {
  return { formats: FORMATS, ...state };
}

/**
 * A state from what was saved, perhaps by another version of Penstock. A policy whose part cannot be read begins
 * anew; the others go on. A gate that begins anew leaves the weights where they are.
 * @returns `dropped`: a line for each part that begins anew
 */
export function restoredState(saved: unknown): { state: ServiceState; dropped: readonly string[] } {
  const restoring = new Restoring(isRecord(saved) ? saved : {});
  const state = {
    rollout: restoring.rollout(),
    shelved: restoring.shelved(),
    breaker: restoring.breaker(),
    breakerTrips: restoring.breakerTrips(),
    balance: restoring.balance(),
    overflow: restoring.overflow(),
    limits: restoring.limits(),
    demand: restoring.demand(),
    workload: restoring.workload(),
    interlocks: restoring.interlocks(),
    failureDispersion: restoring.failureDispersion(),
  };
  return { state, dropped: restoring.dropped };
}

/** Reads a saved state part by part, and keeps count of what could not be read. */
class Restoring {
  readonly dropped: string[] = [];
  readonly #saved: Saved;
  readonly #formats: Saved;

  constructor(saved: Saved) {
    this.#saved = saved;
    this.#formats = isRecord(saved.formats) ? saved.formats : {};
  }

  rollout(): ServiceState['rollout'] {
    return this.#rollout(this.#saved.rollout);
  }

  shelved(): ServiceState['shelved'] {
    const { shelved } = this.#saved;
    const rollout = this.#rollout(shelved);
    const removedAt = isRecord(shelved) ? shelved.removedAt : undefined;
    return rollout === undefined || typeof removedAt !== 'number' ? undefined : { ...rollout, removedAt };
  }

  #rollout(rollout: unknown): ServiceState['rollout'] {
    if (rollout === undefined) return undefined;
    const { name, startedAt, state } = isRecord(rollout) ? rollout : {};
    const readable = this.#knows('rollout') && isRolloutState(state);
    if (!readable || typeof name !== 'string' || typeof startedAt !== 'number')
      return this.#drop('rollout', typeof name === 'string' ? `the rollout ${name}` : 'the rollout');
    const gates = this.#entries('gates', state.gates, isGateMemory, (gate) => `the gate ${gate} of ${name}`);
    return { name, startedAt, state: { ...state, gates } };
  }

  breaker(): ServiceState['breaker'] {
    const { breaker } = this.#saved;
    if (breaker === undefined) return undefined;
    return this.#knows('breaker') && isBreaker(breaker) ? breaker : this.#drop('breaker', 'the breaker');
  }

  breakerTrips(): number {
    const { breakerTrips } = this.#saved;
    return typeof breakerTrips === 'number' ? breakerTrips : NEW_SERVICE_STATE.breakerTrips;
  }

  balance(): ServiceState['balance'] {
    return this.#entries(
      'balance',
      this.#saved.balance,
      isBalance,
      (version) => `the balance of version ${version}`,
    );
  }

  overflow(): ServiceState['overflow'] {
    return this.#entries(
      'overflow',
      this.#saved.overflow,
      (value): value is ServiceState['overflow'][string] => hasShape(value, NEW_OVERFLOW),
      (version) => `the overflow of version ${version}`,
    );
  }

  limits(): ServiceState['limits'] {
    const { limits } = this.#saved;
    if (limits === undefined) return NO_LIMITS;
    const readable = this.#knows('limits') && hasShape(limits, NO_LIMITS);
    if (readable && Object.values(limits.limits).every((each) => hasShape(each, { lawMs: 0 }))) return limits;
    return this.#drop('limits', 'the limits') ?? NO_LIMITS;
  }

  demand(): ServiceState['demand'] {
    const { demand } = this.#saved;
    if (demand === undefined) return NO_DEMAND;
    if (this.#knows('demand') && isDemand(demand)) return demand;
    return this.#drop('demand', 'the demand for replicas') ?? NO_DEMAND;
  }

  workload(): ServiceState['workload'] {
    const { workload } = this.#saved;
    if (workload === undefined) return NO_WORKLOAD;
    const readable = this.#knows('workload') && hasShape(workload, NO_WORKLOAD);
    if (readable && Object.values(workload.letGo).every((each) => hasShape(each, { dueMs: 0, done: true })))
      return workload;
    return this.#drop('workload', 'the replicas of its rollout') ?? NO_WORKLOAD;
  }

  interlocks(): ServiceState['interlocks'] {
    const { interlocks } = this.#saved;
    if (interlocks === undefined) return NO_INTERLOCKS;
    const readable = this.#knows('interlocks') && hasShape(interlocks, NO_INTERLOCKS);
    if (readable && (interlocks.trialBreaker === undefined || isBreaker(interlocks.trialBreaker)))
      return interlocks;
    return this.#drop('interlocks', 'what one policy waits for while another acts') ?? NO_INTERLOCKS;
  }

  failureDispersion(): ServiceState['failureDispersion'] {
    const { failureDispersion } = this.#saved;
    if (failureDispersion === undefined) return NO_DISPERSION;
    const [scale] = NO_DISPERSION.scales;
    const readable = this.#knows('dispersion') && hasShape(failureDispersion, NO_DISPERSION);
    if (readable && failureDispersion.scales.every((each) => hasShape(each, scale))) return failureDispersion;
    return this.#drop('dispersion', 'how failures hang together') ?? NO_DISPERSION;
  }

  #knows(part: Part): boolean {
    return this.#formats[part] === FORMATS[part];
  }

  #drop(part: Part, what: string): undefined {
    const why = this.#knows(part)
      ? 'it is incomplete'
      : `it is of format ${this.#formats[part] ?? 'unknown'}, and this Penstock knows ${FORMATS[part]}`;
    this.dropped.push(`${what} begins anew, since what was saved of it cannot be read: ${why}`);
  }

  /** The entries of a record that can be read. */
  #entries<T>(
    part: Part,
    record: unknown,
    isReadable: (value: unknown) => value is T,
    what: (key: string) => string,
  ): Readonly<Record<string, T>> {
    const kept: Record<string, T> = {};
    for (const [key, value] of Object.entries(isRecord(record) ? record : {})) {
      if (this.#knows(part) && isReadable(value)) kept[key] = value;
      else this.#drop(part, what(key));
    }
    return kept;
  }
}

const BREAKER_PHASES: Readonly<Record<BreakerPhase, true>> = { CLOSED: true, OPEN: true, HALF_OPEN: true };

function isBreaker(value: unknown): value is BreakerState {
  return hasShape(value, closedBreaker(0)) && Object.hasOwn(BREAKER_PHASES, value.phase);
}

function isBalance(value: unknown): value is ServiceState['balance'][string] {
  if (!hasShape(value, { lastMs: 0, endpoints: {}, published: {} })) return false;
  return (
    Object.values(value.endpoints).every((each) => hasShape(each, NEW_ENDPOINT)) &&
    Object.values(value.published).every((each) => typeof each === 'number')
  );
}

function isDemand(value: unknown): value is ServiceState['demand'] {
  if (!hasShape(value, NO_DEMAND)) return false;
  return (
    Object.values(value.versions).every((each) => hasShape(each, NEW_VERSION_DEMAND)) &&
    Object.values(value.endpoints).every((each) => hasShape(each, { sinceMs: 0, served: 0 }))
  );
}

function isRecord(value: unknown): value is Saved {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
