import { describe, expect, it } from 'vitest';
import { Simulation, START } from '../../../../bench/rollout/simulation.ts';
import { errorsGate, heldRollout, steppedRollout } from '../../../../bench/rollout/usual-rollouts.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';

describe('a candidate that fails', () => {
  it.each([
    [1, 2, 20],
    [0.5, 4, 20],
    [0.3, 8, 25],
  ])(
    '%f of its requests at 100 requests/s and a tenth of them is out within %i s',
    (failureRate, seconds, failures) => {
      const taken = Array.from({ length: 21 }, (_, run) => {
        const simulation = new Simulation({
          spec: heldRollout,
          candidate: () => ({ failureRate }),
          seed: run + 1,
        });
        let first = 0;
        const out = simulation.until((decision) => {
          if (first === 0 && simulation.failed > 0) first = simulation.second;
          return decision.state.phase === 'RollingBack';
        }, 60);
        return { seconds: (out ?? 999) - first + 1, failed: simulation.failed };
      });
      const median = (numbers: number[]) => numbers.sort((a, b) => a - b)[10];
      expect(median(taken.map((each) => each.seconds))).toBeLessThanOrEqual(seconds);
      expect(median(taken.map((each) => each.failed))).toBeLessThanOrEqual(failures);
    },
  );

  it('everything after half an hour of health is out within 2 s', () => {
    const simulation = new Simulation({
      spec: heldRollout,
      candidate: (second) => ({ failureRate: second > 1800 ? 1 : 0.001 }),
    });
    simulation.run(1800);
    expect(simulation.phase).toBe('Progressing');
    const out = simulation.until((decision) => decision.state.phase === 'RollingBack', 60);
    expect(out).toBeLessThanOrEqual(1803);
  });

  it('tells why, with counts and evidence, and all traffic is back', () => {
    const simulation = new Simulation({ spec: heldRollout, candidate: () => ({ failureRate: 0.3 }) });
    simulation.until((decision) => decision.state.phase === 'RolledBack');
    const rollback = simulation.events.find((event) => event.reason === 'GateBreached');
    expect(rollback?.type).toBe('Warning');
    expect(rollback?.message).toMatch(
      /^errors: candidate \d+ of \d+ failed, stable \d+ of \d+ failed: M = 10\^[\d.]+ ≥ 10\^3$/,
    );
    expect(simulation.weightOf('v1')).toBe(TOTAL_WEIGHT);
  });

  it('while stable fails as much is not rolled back', () => {
    const broken = () => ({ failureRate: 0.3 });
    const simulation = new Simulation({ spec: heldRollout, candidate: broken, stable: broken }).run(600);
    expect(simulation.reasons).not.toContain('GateBreached');
  });

  it.each([
    ['hangs on everything', 1, 8],
    ['hangs on half of the calls', 0.5, 15],
  ])('and %s is out: it has no failures to show', (_, abandonedRate, seconds) => {
    const simulation = new Simulation({
      spec: heldRollout,
      candidate: () => ({ abandonedRate }),
      stable: () => ({ abandonedRate: 0 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack', 60)).toBeLessThanOrEqual(
      seconds,
    );
    expect(simulation.events.at(-1)?.message).toMatch(/candidate \d+ of \d+ never answered/);
  });

  it('is not blamed for callers who press stop on both versions alike', () => {
    const stopped = () => ({ abandonedRate: 0.2 });
    const simulation = new Simulation({ spec: steppedRollout, candidate: stopped, stable: stopped });
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
    expect(simulation.reasons).not.toContain('GateBreached');
  });

  it('goes back to the version that the spec names', () => {
    const simulation = new Simulation({
      spec: { ...heldRollout, rollback: { to: 'v3' } },
      candidate: () => ({ failureRate: 1 }),
    });
    simulation.until((decision) => decision.state.phase === 'RolledBack');
    expect(simulation.weightOf('v3')).toBe(TOTAL_WEIGHT);
  });

  it('after its promotion is found by the drift detector', () => {
    const baked = { ...steppedRollout, retention: '1h' };
    const simulation = new Simulation({ spec: baked });
    const since = simulation.until((decision) => decision.state.phase === 'Baking') ?? 0;
    const failing = new Simulation({
      spec: baked,
      candidate: (second) => ({ failureRate: second > since + 60 ? 0.3 : 0.001 }),
    });
    failing.until((decision) => decision.state.phase === 'Baking');
    expect(failing.until((decision) => decision.state.phase === 'RollingBack')).toBeLessThan(since + 65);
  });

  it('in a dry run is only talked about', () => {
    const metrics = [{ ...errorsGate, dryRun: true }];
    const simulation = new Simulation({
      spec: { ...heldRollout, analysis: { warmUp: '0s', metrics } },
      candidate: () => ({ failureRate: 1 }),
    }).run(60);
    expect(simulation.phase).toBe('Progressing');
    expect(simulation.reasons.filter((reason) => reason === 'DryRunBreached')).toHaveLength(1);
  });

  it('can be tried again', () => {
    const simulation = new Simulation({
      spec: heldRollout,
      candidate: (second) => ({ failureRate: second < 30 ? 1 : 0 }),
      commands: (second) => (second === 40 ? [{ type: 'retry' }] : []),
    }).run(60);
    expect(simulation.reasons).toContain('Retried');
    expect(simulation.weightOf('v2')).toBe(1000);
  });
});

describe('a candidate that is slow', () => {
  it('twice as slow as stable is out within 15 s', () => {
    const metrics = [{ name: 'slower', type: 'Latency', maxRatio: 1.25 }];
    const simulation = new Simulation({
      spec: { ...heldRollout, analysis: { warmUp: '0s', metrics } },
      candidate: () => ({ latencyMs: 30 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack', 60)).toBeLessThanOrEqual(
      16,
    );
  });

  it('past its quantile bound is out, and one within it is not', () => {
    const metrics = [{ name: 'p95', type: 'Latency', quantile: 0.95, thresholdRange: { max: '40ms' } }];
    const given = { ...heldRollout, analysis: { warmUp: '0s', metrics } };
    const slow = new Simulation({ spec: given, candidate: () => ({ latencyMs: 35 }) });
    expect(slow.until((decision) => decision.state.phase === 'RollingBack', 60)).toBeDefined();
    const fine = new Simulation({ spec: given, candidate: () => ({ latencyMs: 17 }) }).run(600);
    expect(fine.phase).toBe('Progressing');
  });

  it('is pulled back to a weight, and after two times stays there', () => {
    const metrics = [
      {
        name: 'p99',
        type: 'Latency',
        quantile: 0.99,
        thresholdRange: { max: '80ms' },
        onBreach: { setWeight: 30 },
      },
    ];
    const strategy = { steps: [{ setWeight: 20 }, { setWeight: 60 }, { pause: {} }, { setWeight: 100 }] };
    const simulation = new Simulation({
      spec: { ...steppedRollout, strategy, analysis: { warmUp: '0s', metrics } },
      candidate: (_, weight) => ({ latencyMs: weight > 3000 ? 90 : 15 }),
    });
    simulation.until((decision) => decision.state.reason === 'PulledBack', 600);
    expect(simulation.weightOf('v2')).toBe(3000);
    simulation.until((decision) => decision.state.reason === 'PulledBackAgain', 1800);
    expect(simulation.weightOf('v2')).toBe(3000);
    expect(simulation.phase).toBe('Frozen');
  });

  it('since an inflection freezes the ramp before its bound is reached, and thaws when it has passed', () => {
    const metrics = [{ name: 'inflection', type: 'Latency', maxRatio: 1.5, onBreach: 'Freeze' }];
    const simulation = new Simulation({
      spec: { ...heldRollout, analysis: { warmUp: '0s', metrics } },
      ratePerSecond: 300,
      candidate: (second) => ({ latencyMs: second > 200 && second < 300 ? 15 * 1.4 : 15 }),
    });
    simulation.run(199);
    expect(simulation.phase).toBe('Progressing');
    const frozen = simulation.until((decision) => decision.state.phase === 'Frozen', 60);
    expect(frozen).toBeLessThan(240);
    expect(simulation.last.evidence[0]?.figures.inflectionAtMs).toBeCloseTo(START + 200_000, -5);
    expect(simulation.until((decision) => decision.state.phase === 'Progressing', 200)).toBeGreaterThan(300);
  });
});

describe('a candidate that answers otherwise', () => {
  it('with other scores is out', () => {
    const metrics = [{ name: 'scores', type: 'ScoreShift', maxShift: 0.05 }];
    const simulation = new Simulation({
      spec: { ...heldRollout, analysis: { warmUp: '0s', metrics } },
      candidate: () => ({ sureness: 0.5 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack', 60)).toBeDefined();
    expect(simulation.last.evidence[0]?.figures.psi).toBeGreaterThan(0.25);
  });

  it('with another value of a query is out after that many samples in a row', () => {
    const metrics = [
      {
        name: 'rejections',
        type: 'Query',
        query: 'q{v="{{version}}"}',
        maxDifference: 0.01,
        consecutiveFailures: 3,
      },
    ];
    const simulation = new Simulation({
      spec: { ...heldRollout, analysis: { warmUp: '0s', metrics } },
      candidate: (second) => ({ query: second > 20 ? 0.05 : 0.005 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack', 60)).toBe(23);
  });
});

describe('versions that are scraped every 5 s, at different moments', () => {
  const metrics = [
    { ...errorsGate },
    { name: 'slower', type: 'Latency', maxRatio: 1.25 },
    { name: 'scores', type: 'ScoreShift', maxShift: 0.05 },
  ];
  const gated = (metric: object) => ({ ...heldRollout, analysis: { warmUp: '0s', metrics: [metric] } });

  it.each([
    ['errors', metrics[0], { failureRate: 0.3 }],
    ['latency', metrics[1], { latencyMs: 40 }],
    ['scores', metrics[2], { sureness: 0.4 }],
  ])('are compared all the same: %s', (_, metric, candidate) => {
    const simulation = new Simulation({
      spec: gated(metric ?? {}),
      scrapeSeconds: 5,
      candidate: () => candidate,
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack', 60)).toBeLessThanOrEqual(
      25,
    );
  });

  it('and a good one completes', () => {
    const simulation = new Simulation({
      spec: { ...steppedRollout, analysis: { warmUp: '5s', metrics } },
      scrapeSeconds: 5,
    });
    expect(simulation.until((decision) => decision.state.phase === 'Completed', 1200)).toBeDefined();
  });
});

describe('growing evidence', () => {
  it('freezes the ramp before it is enough for a rollback', () => {
    const phases = Array.from({ length: 10 }, (_, run) => {
      const simulation = new Simulation({
        spec: steppedRollout,
        candidate: () => ({ failureRate: 0.05 }),
        seed: run + 1,
      });
      simulation.until((decision) => decision.state.phase === 'RollingBack', 300);
      return simulation.decisions.map((decision) => decision.state.phase);
    });
    expect(phases.filter((each) => each.includes('Frozen')).length).toBeGreaterThanOrEqual(8);
    expect(phases.every((each) => each.at(-1) === 'RollingBack')).toBe(true);
  });
});
