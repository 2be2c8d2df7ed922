import type { RolloutMetric } from '../../api/model-rollout.ts';
import { type GateEvidence, SUSPICION } from './gate.ts';
import type { GateMemory } from './gate-memory.ts';
import type { Turn } from './turn.ts';

/** Gates by what they ask for at this look; those in dry run ask for nothing. */
export interface Assessment {
  readonly rollBack: readonly Judged[];
  readonly pullBack: readonly (Judged & { readonly weight: number })[];
  readonly freeze: readonly Judged[];
  /** Strong evidence, not yet enough for a rollback. */
  readonly suspicious: readonly Judged[];
  /** An absolute bound is breached, by stable as much. */
  readonly shared: readonly Judged[];
  /** Nothing to judge by, long enough to say so. */
  readonly blind: readonly Judged[];
  /** Nothing to judge by for so long that the gate's rule is a rollback. */
  readonly blindTooLong: readonly Judged[];
  /** Everything lets the next step be taken. */
  readonly allPass: boolean;
}

export interface Judged {
  readonly metric: RolloutMetric;
  readonly evidence: GateEvidence;
  readonly memory: GateMemory;
}

/** Looks without data after which a rollout says that it holds, at least; it never advances on one of them. */
const HOLD_LOOKS = 3;
const HOLD_AFTER_MS = 3_000;
/** Without data for this long, a gate whose rule is Rollback rolls back. */
const BLIND_ROLLBACK_MS = 30_000;

/** What the gates ask for, after `observeGates`. */
export function assess(turn: Turn): Assessment {
  const { spec } = turn.input;
  const holdAfterMs = Math.max(HOLD_AFTER_MS, HOLD_LOOKS * spec.analysis.interval);
  const judged = spec.analysis.metrics.flatMap((metric): Judged[] => {
    const evidence = turn.evidence.find((each) => each.gate === metric.name);
    const memory = turn.state.gates[metric.name];
    return metric.dryRun || evidence === undefined || memory === undefined
      ? []
      : [{ metric, evidence, memory }];
  });
  const frozen = turn.state.reason === 'EvidenceGrowing';
  const breached = judged.filter((each) => each.evidence.verdict === 'breach');
  const dark = judged.filter((each) => each.evidence.verdict === 'no-data');
  return {
    rollBack: breached.filter((each) => each.metric.onBreach === 'Rollback'),
    freeze: breached.filter((each) => each.metric.onBreach === 'Freeze'),
    pullBack: breached.flatMap((each) => {
      const { onBreach } = each.metric;
      return typeof onBreach === 'object' ? [{ ...each, weight: onBreach.setWeight }] : [];
    }),
    shared: judged.filter((each) => each.evidence.shared === true),
    suspicious: judged.filter((each) => isSuspicious(each, frozen)),
    blind: dark.filter((each) => each.metric.onNoData !== 'Ignore' && each.memory.blindMs >= holdAfterMs),
    blindTooLong: dark.filter(
      (each) => each.metric.onNoData === 'Rollback' && each.memory.blindMs >= BLIND_ROLLBACK_MS,
    ),
    allPass: judged.every(
      (each) =>
        each.evidence.verdict === 'pass' ||
        (each.evidence.verdict === 'no-data' && each.metric.onNoData === 'Ignore'),
    ),
  };
}

/** Once frozen, evidence must fall well below the mark, or it would freeze and thaw with every request. */
function isSuspicious({ metric, evidence }: Judged, frozen: boolean): boolean {
  if (metric.type === 'Query' || evidence.verdict === 'breach' || evidence.verdict === 'no-data')
    return false;
  return evidence.log10M >= (frozen ? SUSPICION / 2 : SUSPICION);
}

/** `errors: candidate 31 of 104 failed, …; p95: …` */
export function reasonsOf(judged: readonly Judged[]): string {
  return judged.map(({ metric, evidence }) => `${metric.name}: ${evidence.message}`).join('; ');
}
