import { describe, expect, it } from 'vitest';
import { Simulation } from '../../../../bench/rollout/simulation.ts';
import { heldRollout } from '../../../../bench/rollout/usual-rollouts.ts';

const p95 = { name: 'p95', type: 'Latency', quantile: 0.95, thresholdRange: { max: '40ms' } };
const most = { name: 'errors', type: 'ErrorRate', thresholdRange: { max: 0.01 } };

function held(metrics: readonly Record<string, unknown>[]) {
  return { ...heldRollout, analysis: { warmUp: '0s', metrics } };
}

describe('an absolute bound that stable breaches as well', () => {
  it.each([
    ['P95', p95, { latencyMs: 60 }],
    ['failures', most, { failureRate: 0.05 }],
  ])('of %s freezes the ramp and takes nobody out', (_, metric, bad) => {
    const simulation = new Simulation({
      spec: held([metric]),
      candidate: (second) => (second > 60 ? bad : {}),
      stable: (second) => (second > 60 ? bad : {}),
    });
    expect(simulation.until(({ state }) => state.reason === 'StableBreachesToo', 300)).toBeDefined();
    expect(simulation.phase).toBe('Frozen');
    expect(simulation.last.state.message).toContain('stable does no better');
    simulation.run(900);
    expect(simulation.phase).toBe('Frozen');
    expect(simulation.reasons).not.toContain('GateBreached');
  });

  it.each([
    ['P95', p95, { latencyMs: 60 }],
    ['failures', most, { failureRate: 0.05 }],
  ])('of %s goes on protecting: the candidate that alone breaches it is out', (_, metric, bad) => {
    const simulation = new Simulation({
      spec: held([metric]),
      candidate: (second) => (second > 60 ? bad : {}),
    });
    const out = simulation.until(({ state }) => state.phase === 'RollingBack', 300);
    expect(out).toBeDefined();
    expect(simulation.last.state.reason).toBe('GateBreached');
  });

  it('thaws when both are well again', () => {
    const bad = (second: number) => (second > 60 && second < 120 ? { latencyMs: 60 } : {});
    const simulation = new Simulation({ spec: held([p95]), candidate: bad, stable: bad });
    expect(simulation.until(({ state }) => state.phase === 'Frozen', 120)).toBeDefined();
    expect(simulation.until(({ state }) => state.phase === 'Progressing', 900)).toBeDefined();
  });
});

describe('a service whose failures come in bursts', () => {
  const gates = [{ name: 'errors', type: 'ErrorRate', maxRatio: 2, thresholdRange: { max: 0.01 } }];
  const burst = (every: number, shift: number) => (second: number) =>
    (second + shift) % every < 3 ? { failureRate: 0.4 } : {};

  it('keeps a candidate that is no worse, by what stable did before the rollout', () => {
    const simulation = new Simulation({
      spec: held(gates),
      historySeconds: 900,
      candidate: burst(150, 40),
      stable: burst(150, 0),
    });
    simulation.run(900);
    expect(simulation.reasons).not.toContain('GateBreached');
    expect(simulation.last.evidence[0]?.figures.requestsCountedAsOne).toBeGreaterThan(2);
  });

  it('still loses one that fails for good, soon', () => {
    const simulation = new Simulation({
      spec: held(gates),
      historySeconds: 900,
      candidate: (second) => (second > 30 ? { failureRate: 1 } : {}),
      stable: burst(150, 0),
    });
    const out = simulation.until(({ state }) => state.phase === 'RollingBack', 120);
    expect(out).toBeLessThan(30 + 30);
  });
});

describe('an inflection of failures', () => {
  it('freezes a gate that freezes before its bound is reached, with the data of the plot', () => {
    const gates = [{ name: 'turn', type: 'ErrorRate', thresholdRange: { max: 0.05 }, onBreach: 'Freeze' }];
    const simulation = new Simulation({
      spec: held(gates),
      ratePerSecond: 1000,
      candidate: (second) => ({ failureRate: second > 300 ? 0.035 : 0.001 }),
    });
    simulation.run(300);
    expect(simulation.phase).toBe('Progressing');
    const frozen = simulation.until(({ state }) => state.phase === 'Frozen', 120);
    expect(frozen).toBeLessThan(300 + 60);
    const [evidence] = simulation.last.evidence;
    expect(evidence?.figures.inflectionAtMs).toBeDefined();
    expect(evidence?.trend?.length).toBeGreaterThan(10);
    expect(evidence?.log10M).toBeLessThan(evidence?.bound ?? 0);
    expect(simulation.last.state.message).toContain("against stable's");
  });
});
