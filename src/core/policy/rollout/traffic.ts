import { TOTAL_WEIGHT, type WeightIr } from '../../ir/ir.ts';
import type { RolloutInput, RolloutTraffic } from './decision.ts';
import type { Stage } from './plan.ts';
import type { RolloutState } from './state.ts';

type TrafficInput = Pick<RolloutInput, 'rollout' | 'spec' | 'service'>;

/** Where requests go in a state. Weights always name every version and sum to TOTAL_WEIGHT. */
export function trafficOf(
  input: TrafficInput,
  state: RolloutState,
  stages: readonly Stage[],
): RolloutTraffic {
  const { spec } = input;
  const back = state.phase === 'RollingBack' || state.phase === 'RolledBack';
  const base = back && spec.rollback.to !== 'stable' ? spec.rollback.to : spec.stable;
  const idle = back || state.phase === 'Superseded';
  const weight = idle ? 0 : state.candidateWeight;
  const stage = idle ? undefined : stages[state.stage];
  const salt = `${input.rollout}/${spec.candidate}`;
  const mirror =
    stage !== undefined && stage.mirrorPercent > 0
      ? { version: spec.candidate, percent: stage.mirrorPercent }
      : undefined;
  const everybody = (share: number) => split(input, base, share);
  const ofSlice = (by: 'match' | 'preview', share: number) => ({
    weights: everybody(0),
    slices: share > 0 ? [{ by, weights: everybody(share) }] : [],
    mirror,
    salt,
  });
  if (stage?.kind === 'preview' && (spec.strategy.blueGreen?.previewMatch.length ?? 0) > 0) {
    return ofSlice('preview', TOTAL_WEIGHT);
  }
  if (spec.match.length > 0) return ofSlice('match', weight);
  const slices = sliceWeights(spec, stage).map(([slice, share]) => ({
    by: { slice },
    weights: everybody(share),
  }));
  return { weights: everybody(weight), slices, mirror, salt };
}

/**
 * The candidate's weight in each slice that has one of its own in a stage, of TOTAL_WEIGHT. Before the first
 * traffic there is none, and with the promotion slices are like everybody else.
 */
export function sliceWeights(
  spec: TrafficInput['spec'],
  stage: Stage | undefined,
): readonly (readonly [string, number])[] {
  if (stage?.kind !== 'weight' || stage.weight === TOTAL_WEIGHT) return [];
  return spec.slices.flatMap(({ name, weight }) => {
    const own = stage.slices[name] ?? (weight === undefined ? undefined : (weight * TOTAL_WEIGHT) / 100);
    return own === undefined ? [] : [[name, Math.round(own)] as const];
  });
}

/** The candidate's weight, the rest on the base version; a version that is gone gets nothing. */
function split({ spec, service }: TrafficInput, base: string, candidateWeight: number): readonly WeightIr[] {
  const names = service.versions.map((version) => version.name);
  const rest = [base, spec.stable, service.defaultVersion].find((name) => names.includes(name)) ?? names[0];
  const share = names.includes(spec.candidate) ? candidateWeight : 0;
  return names.map((version) => ({
    version,
    weight: (version === spec.candidate ? share : 0) + (version === rest ? TOTAL_WEIGHT - share : 0),
  }));
}
