import type { BentMachine } from './bent-machine.ts';
import { type Fault, pick } from './fault.ts';
import type { World } from './world.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

const missing = ({ bent }: World) =>
  bent === undefined ? 'there is no C compiler (cc) for the library that bends them' : undefined;

function bentOf({ bent }: World): BentMachine {
  if (bent === undefined) throw new Error('clock and disk cannot be bent here');
  return bent;
}

const STEPS = [
  { what: 'an hour ahead', clockMs: HOUR_MS },
  { what: 'an hour back', clockMs: -HOUR_MS },
  { what: 'a day ahead', clockMs: 24 * HOUR_MS },
  { what: 'ten seconds back', clockMs: -10 * SECOND_MS },
  { what: 'three seconds ahead', clockMs: 3 * SECOND_MS },
] as const;

/** The control plane's clock steps, and steps back when it is healed. Nobody else's does. */
const clock: Fault = {
  kind: 'clock stepped',
  group: 'clock',
  missing,
  strike: async (world, plan) => {
    const { what, clockMs } = pick(STEPS, plan);
    bentOf(world).bend({ clockMs });
    return { what, excuses: 'none', heal: async () => bentOf(world).bend({ clockMs: 0 }) };
  },
};

/** A write to the state's disk takes 20 ms, and to be sure of it half a second. */
const SLOW = { writeMs: 20, syncMs: 500 };

const disk: Fault = {
  kind: 'disk slow',
  group: 'penstock',
  leastMs: 5 * SECOND_MS,
  missing,
  strike: async (world) => {
    bentOf(world).bend(SLOW);
    const heal = async () => bentOf(world).bend({ writeMs: 0, syncMs: 0 });
    return { what: `${SLOW.writeMs} ms a write, ${SLOW.syncMs} ms a sync`, excuses: 'none', heal };
  },
};

/** What the machine under the control plane does. */
export const MACHINE_FAULTS: readonly Fault[] = [clock, disk];
