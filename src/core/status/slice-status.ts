import type { ModelRollout } from '../api/model-rollout.ts';
import type { RolloutTraffic } from '../policy/rollout/decision.ts';
import type { RolloutState } from '../policy/rollout/state.ts';
import type { SliceStatus } from './status.ts';

/** The slices of a rollout and the candidate's weight in each, as it is published; one without its own has everybody's. */
export function sliceStatus({ spec }: ModelRollout, state: RolloutState | undefined): readonly SliceStatus[] {
  const traffic = state?.traffic ? (JSON.parse(state.traffic) as RolloutTraffic) : undefined;
  const weightIn = (weights: RolloutTraffic['weights'] | undefined) =>
    weights?.find(({ version }) => version === spec.candidate)?.weight ?? 0;
  return spec.slices.map(({ name, match }) => {
    const own = traffic?.slices.find(({ by }) => typeof by === 'object' && by.slice === name)?.weights;
    return { name, match: match.map(describeMatch).join(' or '), weight: weightIn(own ?? traffic?.weights) };
  });
}

/** `/risk.Model/Score, x-region: eu`. */
function describeMatch({ path, pathPrefix, headers = [] }: ModelRollout['spec']['match'][number]): string {
  const parts = headers.map(({ name, value, prefix, regex }) => {
    if (value !== undefined) return `${name}: ${value}`;
    if (prefix !== undefined) return `${name}: ${prefix}…`;
    return regex === undefined ? `${name} is there` : `${name} ~ ${regex}`;
  });
  return [path, pathPrefix && `${pathPrefix}…`, ...parts].filter((part) => part !== undefined).join(', ');
}
