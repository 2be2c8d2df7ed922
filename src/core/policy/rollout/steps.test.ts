import { describe, expect, it } from 'vitest';
import { GOOD, Simulation } from '../../../../bench/rollout/simulation.ts';
import { errorsGate, steppedRollout } from '../../../../bench/rollout/usual-rollouts.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';
import type { RolloutDecision } from './decision.ts';

describe('a candidate as good as stable', () => {
  it('goes through every step, bakes and completes by itself', () => {
    const simulation = new Simulation({ spec: steppedRollout });
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeLessThan(300);
    expect(simulation.weightOf('v2')).toBe(TOTAL_WEIGHT);
    const phases = simulation.decisions.map((decision) => decision.state.phase);
    expect([...new Set(phases)]).toEqual(['Progressing', 'Promoting', 'Baking', 'Completed']);
    expect(simulation.reasons).toEqual(['Step1', 'Step2', 'Promoted', 'Baking', 'Completed']);
  });

  it('needs the derived traffic for a step and says how much of it there is', () => {
    const simulation = new Simulation({ spec: steppedRollout, candidate: () => ({ failureRate: 0 }) });
    simulation.run(12);
    expect(simulation.last.evidence[0]?.needed).toMatch(/^\d+ of ~299 requests$/);
    expect(simulation.last.state.reason).toBe('GatheringEvidence');
    expect(simulation.last.state.message).toContain('of ~299 requests');
  });

  it('completes also while stable fails as much as it does', () => {
    const failing = () => ({ failureRate: 0.02 });
    const simulation = new Simulation({
      spec: steppedRollout,
      candidate: failing,
      stable: failing,
      ratePerSecond: 300,
    });
    expect(simulation.until((decision) => decision.state.phase === 'Completed', 1800)).toBeDefined();
  });

  it('waits for its pauses', () => {
    const paced = {
      ...steppedRollout,
      strategy: { steps: [{ setWeight: 50 }, { pause: { duration: '120s' } }, { setWeight: 100 }] },
    };
    const simulation = new Simulation({ spec: paced });
    const promoted = simulation.until((decision) => decision.state.phase === 'Promoting');
    expect(promoted).toBeGreaterThanOrEqual(120);
    expect(promoted).toBeLessThan(140);
  });

  it('passes several gates of all types', () => {
    const metrics = [
      errorsGate,
      { name: 'p95', type: 'Latency', quantile: 0.95, thresholdRange: { max: '80ms' } },
      { name: 'slower', type: 'Latency', maxRatio: 1.25, onBreach: 'Freeze' },
      { name: 'scores', type: 'ScoreShift', maxShift: 0.05 },
      { name: 'rejections', type: 'Query', query: 'q{v="{{version}}"}', maxDifference: 0.01 },
    ];
    const simulation = new Simulation({ spec: { ...steppedRollout, analysis: { warmUp: '5s', metrics } } });
    expect(simulation.until((decision) => decision.state.phase === 'Completed', 900)).toBeDefined();
    expect(simulation.last.state.phase).toBe('Completed');
  });

  it.each([
    ['linear', { linear: { start: 20, step: 40, every: '5s' } }, [0, 2000, 6000, 10_000]],
    ['steps', { steps: [{ setWeight: 5 }, { setWeight: 25 }, { setWeight: 100 }] }, [0, 500, 2500, 10_000]],
    ['blueGreen', { blueGreen: { previewDuration: '5s' } }, [0, 10_000]],
    ['mirrorFirst', { mirrorFirst: { duration: '5s' }, steps: [{ setWeight: 100 }] }, [0, 10_000]],
  ])('by %s visits exactly the weights that were written', (_, strategy, weights) => {
    const simulation = new Simulation({ spec: { ...steppedRollout, strategy }, ratePerSecond: 300 });
    simulation.until((decision) => decision.state.phase === 'Completed', 600);
    const seen = simulation.decisions.map(
      (decision) => decision.weights.find((each) => each.version === 'v2')?.weight ?? 0,
    );
    expect([...new Set([0, ...seen])]).toEqual(weights);
  });

  it('first gets copies only, then traffic', () => {
    const strategy = { mirrorFirst: { percent: 50, duration: '10s' }, steps: [{ setWeight: 100 }] };
    const simulation = new Simulation({ spec: { ...steppedRollout, strategy } });
    simulation.run(5);
    expect(simulation.last.mirror).toEqual({ version: 'v2', percent: 50 });
    expect(simulation.weightOf('v2')).toBe(0);
    simulation.until((decision) => decision.state.phase === 'Completed', 60);
    expect(simulation.last.mirror).toBeUndefined();
  });

  it('serves its slice only, and the rest stays on stable', () => {
    const match = [{ headers: [{ name: 'x-region', value: 'cn-east' }] }];
    const simulation = new Simulation({ spec: { ...steppedRollout, match } });
    simulation.until((decision) => decision.state.phase === 'Completed');
    expect(simulation.weightOf('v1')).toBe(TOTAL_WEIGHT);
    expect(simulation.last.slices.map(({ by }) => by)).toEqual(['match']);
    expect(simulation.last.slices[0]?.weights).toContainEqual({ version: 'v2', weight: TOTAL_WEIGHT });
  });

  it('gives slices weights of their own, until the promotion makes them like everybody', () => {
    const on = (value: string) => [{ headers: [{ name: 'x-region', value }] }];
    const slices = [
      { name: 'late', match: on('eu'), weight: 0 },
      { name: 'ours', match: on('lab') },
      { name: 'same', match: on('us') },
    ];
    const steps = [{ setWeight: 5, slices: { ours: 100 } }, { setWeight: 25 }, { setWeight: 100 }];
    const simulation = new Simulation({
      spec: { strategy: { steps }, slices, analysis: { warmUp: '0s', interval: '1s' } },
    });
    const seen = new Map<number, unknown>();
    simulation.until((decision) => {
      const of = (weights: RolloutDecision['weights']) =>
        weights.find((each) => each.version === 'v2')?.weight;
      const own = decision.slices.map(({ by, weights }) => [typeof by === 'object' && by.slice, of(weights)]);
      seen.set(simulation.weightOf('v2'), Object.fromEntries(own));
      return decision.state.phase === 'Completed';
    }, 60);
    expect(Object.fromEntries(seen)).toEqual({
      500: { late: 0, ours: 10_000 },
      2500: { late: 0, ours: 10_000 },
      10000: {},
    });
    expect(simulation.events.map(({ message }) => message)).toContain(
      'step 2 of 3: weight 25 %, late 0 %, ours 100 % (all gates hold)',
    );
  });

  it('judges a step in which slices alone have traffic', () => {
    const slices = [
      { name: 'ours', match: [{ headers: [{ name: 'x-tenant', value: 'ours' }] }], weight: 50 },
    ];
    const steps = [{ setWeight: 0 }, { setWeight: 100 }];
    const simulation = new Simulation({ spec: { ...steppedRollout, strategy: { steps }, slices } }).run(20);
    expect(simulation.phase).toBe('Progressing');
    expect(simulation.last.state.stage).toBe(0);
    expect(simulation.last.evidence.map(({ gate }) => gate)).toEqual(['errors']);
  });

  it('shows a preview to those that match before the switch', () => {
    const previewMatch = [{ headers: [{ name: 'x-preview', value: '1' }] }];
    const strategy = { blueGreen: { previewMatch, autoPromote: false } };
    const simulation = new Simulation({ spec: { ...steppedRollout, strategy } }).run(20);
    expect(simulation.last.slices.map(({ by }) => by)).toEqual(['preview']);
    expect(simulation.weightOf('v1')).toBe(TOTAL_WEIGHT);
    expect(simulation.phase).toBe('Progressing');
  });
});

describe('the bank of the canary case, an hour as a minute', () => {
  const bank = {
    strategy: { linear: { start: 5, step: 10, every: '60s' } },
    analysis: {
      warmUp: '5s',
      metrics: [
        errorsGate,
        { name: 'p95', type: 'Latency', quantile: 0.95, thresholdRange: { max: '80ms' } },
        { name: 'scores', type: 'ScoreShift', maxShift: 0.05 },
        { name: 'rejections', type: 'Query', query: 'q{v="{{version}}"}', thresholdRange: { max: 0.01 } },
      ],
    },
  };

  it('goes to all traffic in ten steps', () => {
    const simulation = new Simulation({ spec: bank, candidate: () => GOOD });
    const completed = simulation.until((decision) => decision.state.phase === 'Completed', 1800);
    expect(completed).toBeGreaterThan(600);
    expect(completed).toBeLessThan(900);
  });

  it('is rolled back by a shift of the scores at 60 %', () => {
    const simulation = new Simulation({
      spec: bank,
      candidate: (_, weight) => ({ sureness: weight >= 5500 ? 0.6 : 0.9 }),
    });
    simulation.until((decision) => decision.state.phase === 'RolledBack', 1800);
    const rollback = simulation.events.find((event) => event.reason === 'GateBreached');
    expect(rollback?.message).toMatch(/^scores: /);
  });
});
