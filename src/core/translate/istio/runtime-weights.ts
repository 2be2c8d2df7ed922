import { TOTAL_WEIGHT, type WeightIr } from '../../ir/ir.ts';

/**
 * Sum of the weights that Istio's sidecars are told of a split, for ever. So large that the least of them is nothing,
 * and below 2^31, which every release of Envoy reads as a whole number (the sum must stay below 2^32).
 */
export const RUNTIME_TOTAL = 1_000_000_000;
/** What a version without traffic is told: one call of a thousand million. */
const LEAST = 1;

/**
 * A split as Istio's sidecars are told it. No version is told 0: an anchor that was not applied again may know
 * versions of the smallest weights only, and Envoy fails every call of a split whose weights are all 0. What the least
 * ones get the greatest gives, so that the sum is constant and nobody's position moves.
 *
 * @param weights sum to TOTAL_WEIGHT
 * @returns in the same order; they sum to RUNTIME_TOTAL
 */
export function runtimeWeights(weights: readonly WeightIr[]): readonly WeightIr[] {
  const scaled = weights.map(({ version, weight }) => ({
    version,
    weight: Math.max(LEAST, weight * (RUNTIME_TOTAL / TOTAL_WEIGHT)),
  }));
  const excess = scaled.reduce((sum, { weight }) => sum + weight, -RUNTIME_TOTAL);
  const greatest = scaled.reduce((best, each) => (each.weight > best.weight ? each : best), {
    version: '',
    weight: 0,
  });
  return scaled.map(({ version, weight }) => ({
    version,
    weight: version === greatest.version ? weight - excess : weight,
  }));
}
