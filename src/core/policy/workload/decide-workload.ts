import { boundSurge } from './bound-surge.ts';
import type {
  ReplicaTarget,
  ScaledRollout,
  WorkloadDecision,
  WorkloadInput,
  WorkloadState,
} from './decision.ts';

/** After a rollout was removed nobody says how long; as long as its default. */
const REMOVED_DELAY_MS = 30_000;

/**
 * Replicas for a rollout: the candidate has what its next stage needs before it gets the traffic, within the surge that
 * the spec bounds; stable keeps what it has until it is let go, `retention` after the promotion; who was rolled back goes
 * after a delay. Only what is needed is said (at least, at most): in between an autoscaler may do as it likes. A version
 * is let go once, and never while anything still leads to it.
 */
export function decideWorkload(input: WorkloadInput): WorkloadDecision {
  const { rollout, state } = input;
  const underWay = rollout?.standing === 'underWay';
  const provided = underWay ? provide(input, rollout) : { ...NOTHING_PROVIDED, candidate: undefined };
  const letGo = rememberLetGo(input, underWay);
  const targets = input.frozen
    ? new Map<string, ReplicaTarget>()
    : new Map([...provided.targets, ...released(input, letGo)]);
  const told = Object.fromEntries([...targets].map(([version, { why }]) => [version, why]));
  return {
    targets,
    bounds: provided.bounds,
    state: {
      relieved: underWay ? relievedBy(rollout, state) : 0,
      baseline: underWay ? (input.needs.get(rollout.stable) ?? state.baseline) : 0,
      candidate: provided.candidate,
      letGo,
      told,
    },
  };
}

interface Provided {
  readonly targets: ReadonlyMap<string, ReplicaTarget>;
  readonly bounds: ReadonlyMap<string, number>;
  readonly candidate: WorkloadState['candidate'];
}

const NOTHING_PROVIDED: Omit<Provided, 'candidate'> = { targets: new Map(), bounds: new Map() };

/** What stable is relieved of: a share counts when it is acknowledged, and its loss at once. */
function relievedBy({ share, acknowledged }: ScaledRollout, { relieved }: WorkloadState): number {
  return acknowledged ? share : Math.min(share, relieved);
}

function provide(input: WorkloadInput, rollout: ScaledRollout): Provided {
  const { stable, candidate, maxSurge } = rollout;
  const { workloads, needs, state } = input;
  const needed = Math.max(1, needs.get(candidate) ?? 1);
  const targets = new Map<string, ReplicaTarget>();
  if (maxSurge === undefined) {
    if (workloads.has(candidate)) targets.set(candidate, nextStage(needed, needed));
    return { targets, bounds: new Map(), candidate: { version: candidate, needed, allowed: needed } };
  }
  const own = workloads.get(stable);
  const surge = boundSurge({
    all: Math.max(1, needs.get(stable) ?? 1),
    candidate: needed,
    stablePods: own?.pods ?? own?.replicas,
    relieved: own === undefined ? 0 : relievedBy(rollout, state),
    maxSurge,
  });
  if (workloads.has(candidate)) targets.set(candidate, nextStage(surge.candidate, needed));
  if (own !== undefined) {
    const why = `${surge.stable.atMost} replicas: what its share needs, and what maxSurge leaves it`;
    targets.set(stable, { ...surge.stable, why });
  }
  return {
    targets,
    bounds: new Map([
      [stable, surge.stable.atMost],
      [candidate, surge.candidate],
    ]),
    candidate: { version: candidate, needed, allowed: surge.candidate },
  };
}

function nextStage(atLeast: number, needed: number): ReplicaTarget {
  const short = atLeast < needed ? ` of the ${needed}` : '';
  return { atLeast, atMost: undefined, why: `at least ${atLeast}${short} replicas for its next stage` };
}

/** Who is to go, and since when: stable after the promotion, and a candidate that lost its rollout. */
function rememberLetGo(input: WorkloadInput, underWay: boolean): WorkloadState['letGo'] {
  const { rollout, state, nowMs, workloads } = input;
  const letGo = new Map(Object.entries(state.letGo).filter(([version]) => workloads.has(version)));
  const add = (version: string, delayMs: number) => {
    if (workloads.has(version) && !letGo.has(version))
      letGo.set(version, { dueMs: nowMs + delayMs, done: false });
  };
  // Retention is over: it was kept for long enough.
  if (rollout?.standing === 'completed') add(rollout.stable, 0);
  const provided = state.candidate?.version;
  const completed = rollout?.standing === 'completed' && rollout.candidate === provided;
  const goesOn = underWay && rollout?.candidate === provided;
  if (provided !== undefined && !completed && !goesOn) {
    const delayMs = rollout?.scaleDownDelay ?? REMOVED_DELAY_MS;
    // Where the surge is bounded, stable waits for the room.
    add(provided, rollout?.maxSurge === undefined ? delayMs : 0);
  }
  if (underWay && rollout !== undefined)
    for (const version of [rollout.stable, rollout.candidate]) letGo.delete(version);
  return Object.fromEntries(
    [...letGo].flatMap(([version, { dueMs, done }]) => {
      const gone = done || workloads.get(version)?.replicas === 0;
      // Without its rollout nobody asks for it again.
      return gone && rollout === undefined ? [] : [[version, { dueMs, done: gone }]];
    }),
  );
}

function released(input: WorkloadInput, letGo: WorkloadState['letGo']): readonly [string, ReplicaTarget][] {
  return Object.entries(letGo).flatMap(([version, { dueMs, done }]): [string, ReplicaTarget][] => {
    if (done || input.nowMs < dueMs || input.named.has(version)) return [];
    return [[version, { atLeast: undefined, atMost: 0, why: 'no replicas: it gets no traffic any more' }]];
  });
}
