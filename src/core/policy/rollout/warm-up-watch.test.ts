import { describe, expect, it } from 'vitest';
import { type Behaviour, Simulation } from '../../../../bench/rollout/simulation.ts';
import { errorsGate, heldRollout, steppedRollout } from '../../../../bench/rollout/usual-rollouts.ts';

const WARM_UP_S = 30;
const warming = (metric: object = errorsGate) => ({
  ...heldRollout,
  analysis: { warmUp: `${WARM_UP_S}s`, metrics: [metric] },
});
const isOnTheWayBack = ({ state }: { readonly state: { readonly phase: string } }) =>
  state.phase === 'RollingBack';

describe('a candidate that is dead from its first moment', () => {
  it.each([
    ['fails everything', { failureRate: 1 }, 5, 40],
    ['hangs on everything', { failureRate: 0, abandonedRate: 1 }, 12, 110],
  ])('and %s does not wait for the end of its warm-up', (_, candidate, seconds, calls) => {
    const runs = Array.from({ length: 11 }, (_each, run) => {
      const simulation = new Simulation({
        spec: warming(),
        candidate: () => candidate,
        stable: () => ({ abandonedRate: 0 }),
        seed: run + 1,
      });
      return { out: simulation.until(isOnTheWayBack, WARM_UP_S), simulation };
    });
    for (const { out, simulation } of runs) {
      expect(out).toBeLessThanOrEqual(seconds);
      expect(simulation.failed).toBeLessThanOrEqual(calls);
      expect(simulation.last.state.message).toMatch(/^errors: while warming up, candidate \d+ of \d+ /);
    }
  });

  it.each([
    ['freezes where its gate says Freeze', { ...errorsGate, onBreach: 'Freeze' }, 'Frozen', 'GateBreached'],
    ['is only talked about in a dry run', { ...errorsGate, dryRun: true }, 'Warming', 'Warming'],
  ])('%s', (_, metric, phase, reason) => {
    const simulation = new Simulation({
      spec: warming(metric),
      candidate: () => ({ failureRate: 1 }),
    }).run(WARM_UP_S - 10);
    expect(simulation.last.state).toMatchObject({ phase, reason });
    expect(simulation.weightOf('v2')).toBe(1000);
  });

  it('stays where it is under the kill switch', () => {
    const simulation = new Simulation({
      spec: warming(),
      candidate: () => ({ failureRate: 1 }),
      frozen: (second) => second > 1,
    }).run(WARM_UP_S - 10);
    expect(simulation.phase).toBe('Warming');
  });

  it('is not blamed while stable fails everything as well', () => {
    const dead = () => ({ failureRate: 1 });
    const simulation = new Simulation({ spec: warming(), candidate: dead, stable: dead }).run(WARM_UP_S - 5);
    expect(simulation.phase).toBe('Warming');
  });
});

describe('a candidate that is cold', () => {
  const cold = (behaviour: Partial<Behaviour>) => (second: number) => (second < 20 ? behaviour : {});

  it.each([
    ['fails a third of its first requests', { failureRate: 0.33 }],
    ['is ten times as slow', { latencyMs: 150 }],
  ])('and %s is forgiven, and completes', (_, behaviour) => {
    const metrics = [errorsGate, { name: 'latency', type: 'Latency', maxRatio: 1.5 }];
    const simulation = new Simulation({
      spec: { ...steppedRollout, analysis: { warmUp: `${WARM_UP_S}s`, metrics } },
      candidate: cold(behaviour),
    });
    expect(simulation.until(({ state }) => state.phase === 'Completed', 1200)).toBeDefined();
    expect(simulation.reasons).not.toContain('GateBreached');
  });

  it('begins its ramp without what was counted before', () => {
    const simulation = new Simulation({ spec: warming(), candidate: cold({ failureRate: 0.33 }) });
    simulation.until(({ state }) => state.phase === 'Progressing', 60);
    simulation.look();
    expect(simulation.last.evidence[0]?.counts?.candidate.requests).toBeLessThan(40);
    expect(simulation.last.evidence[0]?.message).not.toContain('warming');
  });
});
