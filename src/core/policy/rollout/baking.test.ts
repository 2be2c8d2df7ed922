import { describe, expect, it } from 'vitest';
import { type Behaviour, Simulation } from '../../../../bench/rollout/simulation.ts';
import { errorsGate, steppedRollout } from '../../../../bench/rollout/usual-rollouts.ts';

const p95 = { name: 'p95', type: 'Latency', quantile: 0.95, thresholdRange: { max: '60ms' } };
const scores = { name: 'scores', type: 'ScoreShift', maxShift: 0.05 };

/** A candidate as good as stable until 60 s after its promotion. */
function bakes(metric: object, turned: Partial<Behaviour>) {
  const spec = { ...steppedRollout, retention: '20m', analysis: { warmUp: '0s', metrics: [metric] } };
  let turnsAt = Number.POSITIVE_INFINITY;
  const simulation = new Simulation({ spec, candidate: (second) => (second > turnsAt ? turned : {}) });
  const promotedAt = simulation.until(({ state }) => state.phase === 'Baking', 1200);
  if (promotedAt === undefined) throw new Error('the candidate was not promoted');
  turnsAt = promotedAt + 60;
  simulation.run(60);
  return { simulation, turnsAt };
}

describe('a candidate that drifts while it bakes', () => {
  it.each([
    ['failing a tenth of its requests', errorsGate, { failureRate: 0.1 }, 10],
    ['failing 3 %', errorsGate, { failureRate: 0.03 }, 60],
    ['four times as slow', p95, { latencyMs: 60 }, 10],
    ['slow in its tail', p95, { latencyMs: 40 }, 60],
  ])('%s is taken out', (_, metric, turned, seconds) => {
    const { simulation, turnsAt } = bakes(metric, turned);
    expect(simulation.phase).toBe('Baking');
    const out = simulation.until(({ state }) => state.phase === 'RollingBack', 300);
    expect(out).toBeLessThanOrEqual(turnsAt + seconds);
    expect(simulation.last.state.reason).toBe('GateBreached');
    expect(simulation.weightOf('v1')).toBe(10_000);
  });

  it('to other scores is told of once, and moves nothing', () => {
    const { simulation, turnsAt } = bakes(scores, { sureness: 0.6 });
    const told = simulation.until(({ evidence }) => evidence[0]?.verdict === 'breach', 300);
    expect(told).toBeLessThanOrEqual(turnsAt + 60);
    simulation.run(300);
    expect(simulation.phase).toBe('Baking');
    expect(simulation.weightOf('v2')).toBe(10_000);
    expect(simulation.reasons.filter((reason) => reason === 'GateBreached')).toHaveLength(1);
    expect(simulation.events.at(-1)?.message).toContain("from stable's of before the promotion");
  });

  it.each([
    ['errors', errorsGate],
    ['P95', p95],
    ['scores', scores],
  ])('not at all completes: %s', (_, metric) => {
    const { simulation } = bakes(metric, {});
    expect(simulation.until(({ state }) => state.phase === 'Completed', 1300)).toBeDefined();
    expect(simulation.reasons).not.toContain('GateBreached');
  });
});
