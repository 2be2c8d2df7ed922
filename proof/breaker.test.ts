import { describe, expect, it } from 'vitest';
import { trafficPolicySchema } from '../src/core/api/traffic-policy.ts';
import type { HistogramCounts, RequestCounts } from '../src/core/observation/observation.ts';
import type { Reading } from '../src/core/observation/reading.ts';
import { closedBreaker, decideBreaker } from '../src/core/policy/breaker/decide-breaker.ts';
import type { BreakerDecision, BreakerState } from '../src/core/policy/breaker/decision.ts';
import { explore, type Machine } from './explore.ts';

const LOOK_MS = 1000;
const SLEEP_LOOKS = 2;
const NEEDED = 2;

/** A small breaker: every count is one or two, so that all that can happen to it can be tried. */
const SPEC = smallBreaker();

function smallBreaker() {
  const { breaker } = trafficPolicySchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'fraud' },
    spec: {
      targetRef: { kind: 'ModelService', name: 'fraud' },
      breaker: {
        estimator: 'SlidingWindow',
        window: '2s',
        requestVolumeThreshold: NEEDED,
        errorThresholdPercent: 50,
        slowCall: { duration: '1s', thresholdPercent: 50 },
        sleepWindow: `${SLEEP_LOOKS}s`,
        halfOpen: { percent: 10, minRequests: NEEDED },
        recovery: { steps: [50, 100], minRequests: NEEDED, maxSleepWindow: '4s', jitterPercent: 0 },
      },
    },
  }).spec;
  if (breaker === undefined) throw new Error('no breaker');
  return breaker;
}

const SEEN = ['nothing', 'good', 'failed', 'slow', 'hung', 'missing', 'stale', 'invalid'] as const;
type Seen = (typeof SEEN)[number];

interface Move {
  readonly seen: Seen;
  readonly frozen: boolean;
}

const MOVES: readonly Move[] = SEEN.flatMap((seen) => [
  { seen, frozen: false },
  { seen, frozen: true },
]);

/** One look a second at whatever came in, also while it is open: calls that were under way still end. */
function look(state: BreakerState, { seen, frozen }: Move): BreakerDecision {
  const nowMs = state.lastMs + LOOK_MS;
  const read = <T>(value: T): Reading<T> => {
    if (seen === 'missing') return { kind: 'missing', detail: 'target down' };
    if (seen === 'stale') return { kind: 'stale', lastAt: nowMs - 60_000, detail: 'no scrape' };
    if (seen === 'invalid') return { kind: 'invalid', at: nowMs, detail: 'NaN' };
    return { kind: 'value', value, at: nowMs };
  };
  const ended = seen === 'good' || seen === 'failed' || seen === 'slow' ? 1 : 0;
  return decideBreaker({
    spec: SPEC,
    observation: {
      requests: read<RequestCounts>({
        requests: ended,
        failures: seen === 'failed' ? 1 : 0,
        abandoned: seen === 'hung' ? 2 : 0,
      }),
      latencyMs: read<HistogramCounts>({
        bounds: [SPEC.slowCall.duration],
        counts: seen === 'slow' ? [0, 1] : [ended, 0],
      }),
    },
    // Only what JSON carries survives: every look is a restart.
    state: JSON.parse(JSON.stringify(state)) as BreakerState,
    seed: 'default/fraud',
    frozen,
    nowMs,
  });
}

/**
 * What the phases to come depend on, and all of it: times as ages, counts beyond what matters cut off, no words, and
 * not the warning, which is only told. Equal keys have equal futures.
 */
function keyOf(state: BreakerState): string {
  const { phase, reason, sleepLeftMs, step, sampled, excess, hung } = state;
  const slots = state.window?.slots.map(({ startMs, sums }) => [state.lastMs - startMs, ...sums]);
  return JSON.stringify([
    phase,
    reason === 'Recovered',
    sleepLeftMs,
    Math.min(state.relapses, 2),
    Math.min(state.closedMs, SPEC.recovery.maxSleepWindow),
    step,
    phase === 'HALF_OPEN' ? sampled : 0,
    slots?.filter(([age = 0]) => age < SPEC.window),
    [excess.sum, Math.min(excess.since.requests, NEEDED)],
    [hung.sum, Math.min(hung.since.requests, NEEDED)],
  ]);
}

/** What opens is 5; what is beyond this is the same for longer. */
const MOST_SUM = 6;
/** Two samples decide; more of them come only while it is frozen. */
const MOST_SAMPLED = 4;

/**
 * Only two things have no end: failures that come too rarely to count, and samples while somebody keeps it frozen. They
 * are followed a little beyond where they matter.
 */
function isBounded({ excess, hung, sampled }: BreakerState): boolean {
  return (
    excess.sum <= MOST_SUM && hung.sum <= MOST_SUM && sampled.requests + sampled.abandoned <= MOST_SAMPLED
  );
}

const ADMITTED = { CLOSED: [10_000], OPEN: [0], HALF_OPEN: [1_000, 5_000] } as const;
const isBlind = (seen: Seen) => seen === 'missing' || seen === 'stale' || seen === 'invalid';

interface Looked {
  readonly state: BreakerState;
  readonly admitted: number;
}

function checkLook(before: Looked, { seen, frozen }: Move, after: Looked): string | undefined {
  const phases: readonly number[] = ADMITTED[after.state.phase];
  if (!phases.includes(after.admitted)) return `${after.state.phase} admits ${after.admitted}`;
  const way = `${before.state.phase} → ${after.state.phase}`;
  if (way === 'OPEN → CLOSED' || way === 'CLOSED → HALF_OPEN') return `${way}: a phase was left out`;
  if (frozen && way !== `${before.state.phase} → ${before.state.phase}`) return `${way} while frozen`;
  if (frozen && after.admitted !== before.admitted) return 'the share moved while frozen';
  if (isBlind(seen) && way !== 'OPEN → HALF_OPEN' && after.admitted !== before.admitted)
    return `${way}: moved without data`;
  if (before.state.phase === 'HALF_OPEN' && after.admitted > before.admitted) {
    const answered =
      before.state.sampled.requests + (isBlind(seen) || seen === 'nothing' || seen === 'hung' ? 0 : 1);
    if (answered < NEEDED) return `the share rose after ${answered} answered calls`;
  }
  if (before.state.phase === 'OPEN' && before.state.sleepLeftMs > LOOK_MS && after.admitted > 0)
    return 'probed before the sleep was over';
  return undefined;
}

/** Looks until it is in a phase; undefined when it does not get there. */
function looksUntil(
  from: Looked,
  phase: BreakerState['phase'],
  seen: Seen,
  most: number,
): number | undefined {
  let { state } = from;
  for (let looks = 0; looks <= most; looks++) {
    if (state.phase === phase) return looks;
    state = look(state, { seen: state.phase === 'OPEN' ? 'nothing' : seen, frozen: false }).state;
  }
  return undefined;
}

// The longest sleep, then three steps of two samples, a look each, and a look for each change.
const MOST_LOOKS_BACK = SPEC.recovery.maxSleepWindow / LOOK_MS + 3 * NEEDED + 4;

const machine: Machine<Looked, Move> = {
  start: [{ state: closedBreaker(0), admitted: 10_000 }],
  moves: MOVES,
  apply: ({ state }, move) => look(state, move),
  key: ({ state }) => keyOf(state),
  within: ({ state }) => isBounded(state),
  check: checkLook,
  checkState: (looked) => {
    if (looksUntil(looked, 'CLOSED', 'good', MOST_LOOKS_BACK * 2) === undefined)
      return 'does not close again although all is well';
    if (looksUntil(looked, 'OPEN', 'failed', 20) === undefined) return 'does not open although all fails';
    return undefined;
  },
};

const depth = Number(process.env.PENSTOCK_PROOF_DEPTH ?? 12);

describe('a small breaker, whatever comes in', () => {
  const explored = explore(machine, { depth });

  it('never moves without data, never skips a phase, obeys the kill switch, and always finds back', () => {
    console.log(
      `breaker: ${explored.states.length} states, ${explored.steps} looks, depth ${explored.depth}, ${explored.complete ? 'all there are' : 'not all there are'} within its bounds (${explored.outside} looked at beyond)`,
    );
    expect(explored.violation).toBeUndefined();
  });

  it('gets into every phase and every step on the way back', () => {
    const shares = new Set(explored.states.map(({ admitted }) => admitted));
    expect([...shares].toSorted((a, b) => a - b)).toEqual([0, 1_000, 5_000, 10_000]);
  });
});
