import type { ModelRollout } from '../api/model-rollout.ts';
import type { ModelService } from '../api/model-service.ts';
import type { TrafficPolicy } from '../api/traffic-policy.ts';
import { decideService } from '../decide/decide-service.ts';
import { NEW_SERVICE_STATE, type PolicyEvent, type ServiceState } from '../decide/service-look.ts';
import { mergeObservations } from '../observation/merge.ts';
import type { ServiceObservation } from '../observation/observation.ts';
import type { RolloutDecision } from '../policy/rollout/decision.ts';
import { planStages } from '../policy/rollout/plan.ts';
import type { RolloutPhase } from '../policy/rollout/state.ts';
import { ARGO_DOCUMENTED, argoLike } from './argo-like.ts';
import { type Cost, costOf, countsOf, type Exposure, expose, type RecordedCounts } from './exposure.ts';
import { FLAGGER_DEFAULTS, FLAGGER_TUTORIAL, flaggerLike } from './flagger-like.ts';
import { lookOf, type PeerRule, type RuleLook, type RuleState } from './rule.ts';

/** What is replayed: one rollout, as if it had begun where the recording begins. */
export interface ReplaySubject {
  readonly service: ModelService;
  readonly rollout: ModelRollout;
  readonly policy: TrafficPolicy | undefined;
}

/** Something that would have happened. */
export type ReplayedEvent = PolicyEvent & {
  /** The candidate's weight after it, of TOTAL_WEIGHT. */
  readonly weight: number;
};

/** How a rule would have fared. */
export interface ReplayedRule {
  readonly name: string;
  readonly settings: string;
  readonly outcome: RuleState['outcome'];
  /** When it ended, ms since the epoch; undefined: it had not when the recording did. */
  readonly endedAt: number | undefined;
  readonly message: string;
  readonly cost: Cost;
}

/** What a replay came to. */
export interface RolloutReplay {
  /** `NAMESPACE/NAME`. */
  readonly rollout: string;
  readonly candidate: string;
  readonly stable: string;
  readonly phase: RolloutPhase;
  readonly events: readonly ReplayedEvent[];
  /** Penstock's own first. */
  readonly rules: readonly ReplayedRule[];
  /** Where it was read. */
  readonly sources: readonly string[];
  /** The candidate's share of the recorded requests, in [0, 1]; undefined without requests. */
  readonly recordedShare: number | undefined;
}

/** A replay on its way: a plain value. */
export interface Replay {
  readonly subject: ReplaySubject;
  readonly state: ServiceState;
  readonly decision: RolloutDecision | undefined;
  readonly lastLookMs: number;
  /** Seen since the rollout's previous look. */
  readonly waiting: ServiceObservation | undefined;
  readonly events: readonly ReplayedEvent[];
  readonly exposure: Exposure;
  readonly endedAt: number | undefined;
  readonly peers: readonly Peer[];
  readonly sources: readonly string[];
}

/** A rule with what it has seen, whatever its state is made of. */
interface Peer {
  readonly name: string;
  readonly settings: string;
  readonly state: RuleState;
  readonly exposure: Exposure;
  /** After a look during which so much was counted. */
  step(look: RuleLook, counts: RecordedCounts): Peer;
}

export function startReplay(subject: ReplaySubject, fromMs: number): Replay {
  const stages = planStages(subject.rollout.spec.strategy);
  return {
    subject,
    state: NEW_SERVICE_STATE,
    decision: undefined,
    lastLookMs: Number.NEGATIVE_INFINITY,
    waiting: undefined,
    events: [],
    exposure: [],
    endedAt: undefined,
    peers: [
      begin(flaggerLike(FLAGGER_DEFAULTS), fromMs),
      begin(flaggerLike(FLAGGER_TUTORIAL), fromMs),
      begin(argoLike(ARGO_DOCUMENTED, stages), fromMs),
    ],
    sources: [],
  };
}

/** One look at the recording. Every weight is in force at the next, and every webhook has said yes by then. */
export function replayLook(replay: Replay, observation: ServiceObservation): Replay {
  const { subject, state, decision } = replay;
  const { candidate, analysis } = subject.rollout.spec;
  const nowMs = observation.at;
  const seen = replay.waiting === undefined ? observation : mergeObservations(replay.waiting, observation);
  const due = nowMs - replay.lastLookMs >= analysis.interval;
  const outcome = decideService({
    ...subject,
    observation,
    rolloutObservation: due ? seen : undefined,
    endpoints: new Map(),
    inbound: [],
    acknowledged: { revision: decision?.revision ?? 0, connected: 1, laggards: [] },
    commands: [],
    answers: new Map((decision?.asks ?? []).map(({ key }) => [key, 'yes'])),
    frozen: false,
    state,
    nowMs,
  });
  const counts = countsOf(observation, candidate);
  const before = state.rollout?.state.candidateWeight ?? 0;
  const weight = weightOf(outcome.state);
  const look = lookOf(observation, candidate);
  return {
    ...replay,
    state: outcome.state,
    decision: outcome.rollout ?? decision,
    lastLookMs: due ? nowMs : replay.lastLookMs,
    waiting: due ? undefined : seen,
    events: [...replay.events, ...outcome.events.map((event) => ({ ...event, weight }))],
    exposure: expose(replay.exposure, before, counts),
    endedAt: endOf(replay, outcome.state, nowMs),
    peers: replay.peers.map((peer) => peer.step(look, counts)),
    sources: sourcesOf(observation, subject) ?? replay.sources,
  };
}

export function concludeReplay(replay: Replay): RolloutReplay {
  const { rollout } = replay.subject;
  const { namespace, name } = rollout.metadata;
  const state = replay.state.rollout?.state;
  const recorded = replay.exposure.reduce(
    (sum, each) => ({
      all: sum.all + each.requests,
      candidate: sum.candidate + each.candidate.requests,
    }),
    { all: 0, candidate: 0 },
  );
  const own: ReplayedRule = {
    name: 'Penstock',
    settings: 'this spec',
    outcome: outcomeOf(state?.phase),
    endedAt: replay.endedAt,
    message: state?.message ?? 'not looked at',
    cost: costOf(replay.exposure),
  };
  return {
    rollout: `${namespace}/${name}`,
    candidate: rollout.spec.candidate,
    stable: rollout.spec.stable,
    phase: state?.phase ?? 'Pending',
    events: replay.events,
    rules: [
      own,
      ...replay.peers.map(({ name: peer, settings, state: at, exposure }) => ({
        name: peer,
        settings,
        outcome: at.outcome,
        endedAt: at.endedAt,
        message: at.message,
        cost: costOf(exposure),
      })),
    ],
    sources: replay.sources,
    recordedShare: recorded.all === 0 ? undefined : recorded.candidate / recorded.all,
  };
}

function peerOf<State extends RuleState>(rule: PeerRule<State>, state: State, exposure: Exposure = []): Peer {
  const { name, settings } = rule;
  const step = (look: RuleLook, counts: RecordedCounts) =>
    peerOf(rule, rule.look(state, look), expose(exposure, state.weight, counts));
  return { name, settings, state, exposure, step };
}

function begin<State extends RuleState>(rule: PeerRule<State>, fromMs: number): Peer {
  return peerOf(rule, rule.start(fromMs));
}

function weightOf(state: ServiceState): number {
  const rollout = state.rollout?.state;
  return rollout === undefined || BACK.includes(rollout.phase) ? 0 : rollout.candidateWeight;
}

const BACK: readonly RolloutPhase[] = ['RollingBack', 'RolledBack'];
const THROUGH: readonly RolloutPhase[] = ['Promoting', 'Baking', 'Completed'];

/** When the present outcome was reached: a promotion may still be taken back. */
function endOf({ state, endedAt }: Replay, next: ServiceState, nowMs: number): number | undefined {
  const [before, after] = [outcomeOf(state.rollout?.state.phase), outcomeOf(next.rollout?.state.phase)];
  if (after === 'under way') return undefined;
  return before === after ? endedAt : nowMs;
}

function outcomeOf(phase: RolloutPhase | undefined): RuleState['outcome'] {
  if (phase === undefined) return 'under way';
  if (BACK.includes(phase)) return 'rolled back';
  return THROUGH.includes(phase) ? 'promoted' : 'under way';
}

function sourcesOf(
  observation: ServiceObservation,
  { rollout }: ReplaySubject,
): readonly string[] | undefined {
  const sources = observation.versions.get(rollout.spec.candidate)?.sources;
  const known = Object.values(sources ?? {}).filter((source) => source !== 'none');
  return known.length === 0 ? undefined : known;
}
