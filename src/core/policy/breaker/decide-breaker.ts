import type { BreakerPolicy } from '../../api/traffic-policy.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';
import { describeReading } from '../../observation/reading.ts';
import { abandonedPercent, addCalls, callsSince, errorPercent, NO_CALLS, slowPercent } from './calls.ts';
import { isWarning, NOTHING_REMEMBERED, remember, remembered, tripReason } from './closed.ts';
import type {
  BreakerDecision,
  BreakerEvent,
  BreakerEvidence,
  BreakerInput,
  BreakerPhase,
  BreakerState,
  CallCounts,
} from './decision.ts';
import { describeStep, judgeStep, recoveryShares } from './half-open.ts';
import { drawFrom } from './jitter.ts';

/** A gap between looks (a restart, a clock set forward) counts as at most this. */
const LONGEST_LOOK_MS = 60_000;

/** A breaker that nothing is known of yet. */
export function closedBreaker(nowMs: number): BreakerState {
  return {
    phase: 'CLOSED',
    phaseSinceMs: nowMs,
    reason: 'Created',
    message: 'closed',
    lastMs: nowMs,
    sleepLeftMs: 0,
    relapses: 0,
    closedMs: 0,
    step: 0,
    sampled: NO_CALLS,
    ...NOTHING_REMEMBERED,
  };
}

interface Step {
  readonly state: BreakerState;
  readonly events: readonly BreakerEvent[];
}

/**
 * One look at a breaker over the whole fleet of sidecars: CLOSED → OPEN → HALF_OPEN → CLOSED.
 *
 * Opens by the ratio of failed or of slow calls in the window above the volume floor, or sooner by the same
 * threshold over the requests since the failures began, or when hardly any call is answered at all. After the sleep a small share probes; each step of the
 * way back needs its samples, and a relapse sleeps twice as long. Without data a closed breaker stays closed, a
 * probing one goes on probing; only the sleep ends by time, since an open breaker sees no traffic to judge by.
 */
export function decideBreaker(input: BreakerInput): BreakerDecision {
  const given = input.state ?? closedBreaker(input.nowMs);
  const elapsedMs = Math.min(LONGEST_LOOK_MS, Math.max(0, input.nowMs - given.lastMs));
  const state = { ...given, lastMs: input.nowMs };
  const calls = callsSince(input.observation, input.spec);
  const { state: next, events } = look(state, calls, elapsedMs, input);
  return {
    state: next,
    admitted: admittedOf(next, input.spec),
    events,
    evidence: explain(next, calls, input),
  };
}

function look(
  state: BreakerState,
  calls: CallCounts | undefined,
  elapsedMs: number,
  input: BreakerInput,
): Step {
  switch (state.phase) {
    case 'CLOSED':
      return whileClosed(state, calls, elapsedMs, input);
    case 'OPEN':
      return whileOpen(state, elapsedMs, input);
    case 'HALF_OPEN':
      return calls === undefined ? { state, events: [] } : whileHalfOpen(state, calls, input);
  }
}

function whileClosed(
  state: BreakerState,
  calls: CallCounts | undefined,
  elapsedMs: number,
  input: BreakerInput,
): Step {
  const { spec, nowMs, frozen } = input;
  const closedMs = state.closedMs + elapsedMs;
  if (calls === undefined) return { state: { ...state, closedMs }, events: [] };
  const healthy = closedMs >= sleepOf(spec, state.relapses);
  const next = {
    ...remember(state, calls, spec, nowMs),
    closedMs,
    relapses: healthy ? 0 : state.relapses,
  };
  const trip = tripReason(next, spec);
  if (trip !== undefined && !frozen) {
    const again = state.reason === 'Recovered' && !healthy;
    return open(next, again ? state.relapses + 1 : 0, trip.reason, trip.message, input);
  }
  if (!isWarning(next) || next.warned) return { state: next, events: [] };
  const { since } = next.warning;
  const message = `${since.failures} of the last ${since.requests} failed`;
  return {
    state: { ...next, warned: true },
    events: [{ atMs: nowMs, type: 'Warning', reason: 'ErrorsRising', message }],
  };
}

function whileOpen(state: BreakerState, elapsedMs: number, input: BreakerInput): Step {
  const sleepLeftMs = Math.max(0, state.sleepLeftMs - elapsedMs);
  if (sleepLeftMs > 0 || input.frozen) return { state: { ...state, sleepLeftMs }, events: [] };
  const message = `the sleep is over; ${recoveryShares(input.spec)[0]} % of the requests probe`;
  const probing = { sleepLeftMs, step: 0, sampled: NO_CALLS };
  return enter(state, 'HALF_OPEN', 'Probing', message, probing, input);
}

function whileHalfOpen(state: BreakerState, calls: CallCounts, input: BreakerInput): Step {
  const { spec, nowMs, frozen } = input;
  const sampled = addCalls(state.sampled, calls);
  const verdict = judgeStep(sampled, spec, state.step);
  const text = describeStep(sampled, spec, state.step);
  const next = { ...state, sampled };
  if (verdict === 'open' || frozen) return { state: { ...next, message: text }, events: [] };
  if (verdict === 'bad') return open(next, state.relapses + 1, 'Relapsed', text, input);
  const step = state.step + 1;
  const share = recoveryShares(spec)[step] ?? 100;
  if (share >= 100) {
    return enter(next, 'CLOSED', 'Recovered', text, { closedMs: 0, ...NOTHING_REMEMBERED }, input);
  }
  const message = `${text}; going on with ${share} %`;
  return {
    state: { ...next, step, sampled: NO_CALLS, message },
    events: [{ atMs: nowMs, type: 'Normal', reason: 'Recovering', message }],
  };
}

function open(
  state: BreakerState,
  relapses: number,
  reason: string,
  message: string,
  input: BreakerInput,
): Step {
  const sleepLeftMs = jittered(sleepOf(input.spec, relapses), relapses, input);
  const text = `${message}; open for ${(sleepLeftMs / 1000).toFixed(1)} s`;
  const patch = { relapses, sleepLeftMs, sampled: NO_CALLS, ...NOTHING_REMEMBERED };
  return enter(state, 'OPEN', reason, text, patch, input);
}

/** The sleep doubles with each relapse. */
function sleepOf(spec: BreakerPolicy, relapses: number): number {
  const longest = Math.max(spec.sleepWindow, spec.recovery.maxSleepWindow);
  return Math.min(longest, spec.sleepWindow * 2 ** Math.min(relapses, 30));
}

/** The first sleep is as configured; later ones differ between breakers, so that they do not probe in step. */
function jittered(sleepMs: number, relapses: number, { spec, seed, nowMs }: BreakerInput): number {
  if (relapses === 0) return sleepMs;
  const draw = drawFrom(`${seed}/${relapses}/${nowMs}`);
  return Math.round(sleepMs * (1 + (spec.recovery.jitterPercent / 100) * (2 * draw - 1)));
}

function enter(
  state: BreakerState,
  phase: BreakerPhase,
  reason: string,
  message: string,
  patch: Partial<BreakerState>,
  { nowMs }: BreakerInput,
): Step {
  return {
    state: { ...state, ...patch, phase, reason, message, phaseSinceMs: nowMs },
    events: [{ atMs: nowMs, type: phase === 'OPEN' ? 'Warning' : 'Normal', reason, message }],
  };
}

/** Share of the requests to let through, ten-thousandths. */
function admittedOf(state: BreakerState, spec: BreakerPolicy): number {
  if (state.phase === 'CLOSED') return TOTAL_WEIGHT;
  if (state.phase === 'OPEN') return 0;
  return Math.round(((recoveryShares(spec)[state.step] ?? 100) * TOTAL_WEIGHT) / 100);
}

function explain(state: BreakerState, calls: CallCounts | undefined, input: BreakerInput): BreakerEvidence {
  const { spec, observation, nowMs } = input;
  const probing = state.phase === 'HALF_OPEN';
  const shown = probing ? state.sampled : remembered(state);
  const blind = calls === undefined && state.phase !== 'OPEN';
  return {
    source: blind ? 'no data' : probing ? 'probes' : 'window',
    requests: shown.requests,
    failures: shown.failures,
    errorPercent: errorPercent(shown),
    slowPercent: slowPercent(shown),
    abandonedPercent: abandonedPercent(shown),
    volumeThreshold: spec.requestVolumeThreshold,
    errorThresholdPercent: spec.errorThresholdPercent,
    slowThresholdPercent: spec.slowCall.thresholdPercent,
    excessFailures: state.excess.sum,
    requestsSinceExcess: state.excess.since.requests,
    message: blind
      ? `${describeReading(observation.requests, nowMs)}; nothing is changed`
      : state.phase === 'CLOSED'
        ? `${Number(errorPercent(shown).toFixed(1))} % of ${Math.round(shown.requests)} failed, ${Number(slowPercent(shown).toFixed(1))} % slow`
        : state.message,
  };
}
