import { describe, expect, it } from 'vitest';
import { serviceOf } from '../bench/rollout/simulation.ts';
import { modelRolloutSchema } from '../src/core/api/model-rollout.ts';
import { TOTAL_WEIGHT } from '../src/core/ir/ir.ts';
import type {
  HistogramCounts,
  ServiceObservation,
  VersionObservation,
} from '../src/core/observation/observation.ts';
import type { Reading } from '../src/core/observation/reading.ts';
import { decideRollout } from '../src/core/policy/rollout/decide-rollout.ts';
import type { RolloutCommand, RolloutDecision } from '../src/core/policy/rollout/decision.ts';
import type { RolloutState } from '../src/core/policy/rollout/state.ts';
import { NO_DISPERSION } from '../src/core/stats/dispersion.ts';
import { explore, type Machine } from './explore.ts';

const LOOK_MS = 1000;
/** Calls of each version a look: enough for the gate to speak at once, either way. */
const CALLS = 20_000;

const SPEC = modelRolloutSchema.parse({
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'ModelRollout',
  metadata: { name: 'fraud-v2' },
  spec: {
    targetRef: { kind: 'ModelService', name: 'fraud' },
    stable: 'v1',
    candidate: 'v2',
    retention: '2s',
    progressDeadline: '60s',
    convergence: { deadline: '2s' },
    strategy: {
      steps: [{ setWeight: 10 }, { pause: { duration: '2s' } }, { setWeight: 50 }, { setWeight: 100 }],
    },
    analysis: { warmUp: '1s', metrics: [{ name: 'errors', type: 'ErrorRate', maxRatio: 2 }] },
  },
}).spec;
const SERVICE = serviceOf('v1', 'v2');

const SEEN = ['good', 'failing', 'idle', 'missing', 'invalid'] as const;

interface Move {
  readonly seen: (typeof SEEN)[number];
  readonly command?: RolloutCommand;
  readonly lagging?: boolean;
  readonly frozen?: boolean;
}

const COMMANDS: readonly RolloutCommand[] = [
  { type: 'promote', full: false },
  { type: 'promote', full: true },
  { type: 'pause' },
  { type: 'resume' },
  { type: 'abort' },
  { type: 'retry' },
];

const MOVES: readonly Move[] = [
  ...SEEN.flatMap((seen) => [{ seen }, { seen, lagging: true }, { seen, frozen: true }]),
  ...COMMANDS.flatMap((command) => [
    { seen: 'good' as const, command },
    { seen: 'missing' as const, command, frozen: true },
  ]),
];

const GOOD: Move = { seen: 'good' };

function versionSeen(seen: Move['seen'], at: number): VersionObservation {
  const read = <T>(value: T): Reading<T> => {
    if (seen === 'missing') return { kind: 'missing', detail: 'target down' };
    if (seen === 'invalid') return { kind: 'invalid', at, detail: 'NaN' };
    return { kind: 'value', value, at };
  };
  const requests = seen === 'idle' ? 0 : CALLS;
  const empty: HistogramCounts = { bounds: [10], counts: [requests, 0] };
  return {
    requests: read({ requests, failures: seen === 'failing' ? CALLS / 2 : requests / 1000 }),
    latencyMs: read(empty),
    scores: read(empty),
    endpoints: [],
    sources: { requests: 'search', latencyMs: 'search', scores: 'search' },
  };
}

function look(before: RolloutDecision | undefined, move: Move): RolloutDecision {
  const nowMs = (before?.state.timers.lastMs ?? 1_700_000_000_000) + LOOK_MS;
  const observation: ServiceObservation = {
    service: 'default/fraud',
    at: nowMs,
    versions: new Map([
      ['v1', versionSeen('good', nowMs)],
      ['v2', versionSeen(move.seen, nowMs)],
    ]),
    queries: new Map(),
  };
  return decideRollout({
    rollout: 'fraud-v2',
    spec: SPEC,
    service: SERVICE,
    observation,
    acknowledged: { revision: before?.revision ?? 0, connected: 2, laggards: move.lagging ? ['late'] : [] },
    commands: move.command === undefined ? [] : [move.command],
    answers: new Map(),
    frozen: move.frozen ?? false,
    failureDispersion: NO_DISPERSION,
    // Only what JSON carries survives: every look is a restart.
    state: before && (JSON.parse(JSON.stringify(before.state)) as RolloutState),
    nowMs,
  });
}

function shareOf(decision: RolloutDecision): number {
  return decision.weights.find(({ version }) => version === 'v2')?.weight ?? Number.NaN;
}

/**
 * What a person would call the same situation: phase and reason, place on the ramp, timers up to where they matter,
 * what the gate says. The gate's memory is richer, so each key stands for many states, of which one is followed.
 */
function keyOf({ state, evidence }: RolloutDecision): string {
  const { warmMs, stageMs, bakingMs, unacknowledgedMs } = state.timers;
  const upTo = (ms: number, most: number) => Math.min(ms / LOOK_MS, most);
  return JSON.stringify([
    state.phase,
    state.reason,
    state.stage,
    state.candidateWeight,
    state.pausedByCommand,
    [upTo(warmMs, 2), upTo(stageMs, 3), upTo(bakingMs, 3), upTo(unacknowledgedMs, 3)],
    Object.values(state.gates).map(({ blindMs }) => upTo(blindMs, 3)),
    evidence.map(({ verdict }) => verdict),
  ]);
}

const ENDS = ['Completed', 'RolledBack'];
const BACK = ['RollingBack', 'RolledBack'];

function checkLook(before: RolloutDecision, move: Move, after: RolloutDecision): string | undefined {
  const [was, is] = [shareOf(before), shareOf(after)];
  const way = `${before.state.phase} ${was} → ${after.state.phase} ${is}`;
  const sum = after.weights.reduce((total, { weight }) => total + weight, 0);
  if (sum !== TOTAL_WEIGHT) return `${way}: weights sum to ${sum}`;
  const type = move.command?.type;
  if (
    type === 'abort' &&
    (is !== 0 || !BACK.includes(after.state.phase)) &&
    before.state.phase !== 'Completed'
  )
    return `${way}: abort was not obeyed`;
  if (move.frozen && type === undefined && is !== was) return `${way}: moved while frozen`;
  const byPerson = type === 'promote' || type === 'retry' || type === 'resume';
  if (is > was && !byPerson && was > 0) {
    if (move.seen === 'missing' || move.seen === 'invalid') return `${way}: rose without data`;
    if (move.seen === 'failing') return `${way}: rose while failing`;
    if (move.lagging) return `${way}: rose although a sidecar lags`;
  }
  if (before.state.phase === 'Completed' && type !== 'retry' && type !== 'abort' && is !== was)
    return `${way}: moved after the end`;
  if (before.state.phase !== after.state.phase && after.events.length === 0)
    return `${way}: nothing was told`;
  const published = (decision: RolloutDecision) => JSON.stringify([decision.weights, decision.mirror]);
  if (published(before) !== published(after) && after.revision !== before.revision + 1)
    return `${way}: other traffic under revision ${after.revision}`;
  return undefined;
}

/** Looks until the phase is one of these, with a command at the first look. */
function reaches(
  from: RolloutDecision,
  command: RolloutCommand | undefined,
  move: Move,
  phases: readonly string[],
): boolean {
  let at = command === undefined ? from : look(from, { ...move, command });
  for (let looks = 0; looks < 40; looks++) {
    if (phases.includes(at.state.phase)) return true;
    at = look(at, move);
  }
  return false;
}

/** From wherever it is, people and good traffic bring it to an end, either way, and a failing candidate goes by itself. */
function wayOut(decision: RolloutDecision): string | undefined {
  const { phase } = decision.state;
  const isMoved = phase === 'Promoting' || phase === 'Baking' || phase === 'Completed';
  if (phase === 'RollingBack') {
    return reaches(decision, undefined, GOOD, ['RolledBack']) ? undefined : 'RollingBack: does not end';
  }
  if (phase === 'RolledBack') {
    return reaches(decision, { type: 'retry' }, GOOD, ENDS) ? undefined : 'RolledBack: retry leads nowhere';
  }
  if (!isMoved && !reaches(decision, { type: 'abort' }, GOOD, ['RolledBack']))
    return `${phase}: abort leads nowhere`;
  if (!reaches(decision, { type: 'promote', full: true }, GOOD, ENDS))
    return `${phase}: promote leads nowhere`;
  if (
    phase === 'Progressing' &&
    shareOf(decision) > 0 &&
    !reaches(decision, undefined, { seen: 'failing' }, BACK)
  )
    return `${phase}: a failing candidate stays`;
  return undefined;
}

const machine: Machine<RolloutDecision, Move> = {
  start: [look(undefined, GOOD)],
  moves: MOVES,
  apply: look,
  key: keyOf,
  check: checkLook,
  checkState: wayOut,
};

const depth = Number(process.env.PENSTOCK_PROOF_DEPTH ?? 6);

describe('a small rollout, whatever comes in', () => {
  const explored = explore(machine, { depth });

  it('moves only with data, acknowledgement and leave, obeys people, and always has a way out', () => {
    console.log(
      `rollout: ${explored.states.length} situations, ${explored.steps} looks, depth ${explored.depth}, ${explored.complete ? 'all there are' : 'not all there are'}`,
    );
    expect(explored.violation).toBeUndefined();
  });

  it('gets into every phase but the one of another candidate', () => {
    const phases = new Set(explored.states.map(({ state }) => state.phase));
    expect([...phases].toSorted()).toEqual([
      'Baking',
      'Completed',
      'Frozen',
      'Holding',
      'Paused',
      'Pending',
      'Progressing',
      'Promoting',
      'RolledBack',
      'RollingBack',
      'Warming',
    ]);
  });
});
