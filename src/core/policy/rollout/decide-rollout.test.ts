import { describe, expect, it } from 'vitest';
import { GOOD, Simulation, START, serviceOf } from '../../../../bench/rollout/simulation.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';

const errors = { name: 'errors', type: 'ErrorRate', maxRatio: 2, thresholdRange: { max: 0.01 } };

const spec = {
  strategy: { steps: [{ setWeight: 10 }, { setWeight: 50 }, { setWeight: 100 }] },
  analysis: { warmUp: '0s', metrics: [errors] },
};

const held = {
  ...spec,
  strategy: { steps: [{ setWeight: 10 }, { pause: {} }, { setWeight: 100 }] },
};

function weightOf(simulation: Simulation, version: string): number {
  return simulation.last.weights.find((each) => each.version === version)?.weight ?? Number.NaN;
}

function reasons(simulation: Simulation): string[] {
  return simulation.events.map((event) => event.reason);
}

describe('a candidate as good as stable', () => {
  it('goes through every step, bakes and completes by itself', () => {
    const simulation = new Simulation({ spec });
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeLessThan(300);
    expect(weightOf(simulation, 'v2')).toBe(TOTAL_WEIGHT);
    const phases = simulation.decisions.map((decision) => decision.state.phase);
    expect([...new Set(phases)]).toEqual(['Progressing', 'Promoting', 'Baking', 'Completed']);
    expect(reasons(simulation)).toEqual(['Step1', 'Step2', 'Promoted', 'Baking', 'Completed']);
  });

  it('needs the derived traffic for a step and says how much of it there is', () => {
    const simulation = new Simulation({ spec, candidate: () => ({ failureRate: 0 }) });
    simulation.run(12);
    expect(simulation.last.evidence[0]?.needed).toMatch(/^\d+ of ~299 requests$/);
    expect(simulation.last.state.reason).toBe('GatheringEvidence');
    expect(simulation.last.state.message).toContain('of ~299 requests');
  });

  it('completes also while stable fails as much as it does', () => {
    const failing = () => ({ failureRate: 0.02 });
    const simulation = new Simulation({ spec, candidate: failing, stable: failing, ratePerSecond: 300 });
    expect(simulation.until((decision) => decision.state.phase === 'Completed', 1800)).toBeDefined();
  });

  it('waits for its pauses', () => {
    const paced = {
      ...spec,
      strategy: { steps: [{ setWeight: 50 }, { pause: { duration: '120s' } }, { setWeight: 100 }] },
    };
    const simulation = new Simulation({ spec: paced });
    const promoted = simulation.until((decision) => decision.state.phase === 'Promoting');
    expect(promoted).toBeGreaterThanOrEqual(120);
    expect(promoted).toBeLessThan(140);
  });

  it('passes several gates of all types', () => {
    const metrics = [
      errors,
      { name: 'p95', type: 'Latency', quantile: 0.95, thresholdRange: { max: '80ms' } },
      { name: 'slower', type: 'Latency', maxRatio: 1.25, onBreach: 'Freeze' },
      { name: 'scores', type: 'ScoreShift', maxShift: 0.05 },
      { name: 'rejections', type: 'Query', query: 'q{v="{{version}}"}', maxDifference: 0.01 },
    ];
    const simulation = new Simulation({ spec: { ...spec, analysis: { warmUp: '5s', metrics } } });
    expect(simulation.until((decision) => decision.state.phase === 'Completed', 900)).toBeDefined();
    expect(simulation.last.state.phase).toBe('Completed');
  });

  it.each([
    ['linear', { linear: { start: 20, step: 40, every: '5s' } }, [0, 2000, 6000, 10_000]],
    ['steps', { steps: [{ setWeight: 5 }, { setWeight: 25 }, { setWeight: 100 }] }, [0, 500, 2500, 10_000]],
    ['blueGreen', { blueGreen: { previewDuration: '5s' } }, [0, 10_000]],
    ['mirrorFirst', { mirrorFirst: { duration: '5s' }, steps: [{ setWeight: 100 }] }, [0, 10_000]],
  ])('by %s visits exactly the weights that were written', (_, strategy, weights) => {
    const simulation = new Simulation({ spec: { ...spec, strategy }, ratePerSecond: 300 });
    simulation.until((decision) => decision.state.phase === 'Completed', 600);
    const seen = simulation.decisions.map(
      (decision) => decision.weights.find((each) => each.version === 'v2')?.weight ?? 0,
    );
    expect([...new Set([0, ...seen])]).toEqual(weights);
  });

  it('first gets copies only, then traffic', () => {
    const strategy = { mirrorFirst: { percent: 50, duration: '10s' }, steps: [{ setWeight: 100 }] };
    const simulation = new Simulation({ spec: { ...spec, strategy } });
    simulation.run(5);
    expect(simulation.last.mirror).toEqual({ version: 'v2', percent: 50 });
    expect(weightOf(simulation, 'v2')).toBe(0);
    simulation.until((decision) => decision.state.phase === 'Completed', 60);
    expect(simulation.last.mirror).toBeUndefined();
  });

  it('serves its slice only, and the rest stays on stable', () => {
    const match = [{ headers: [{ name: 'x-region', value: 'cn-east' }] }];
    const simulation = new Simulation({ spec: { ...spec, match } });
    simulation.until((decision) => decision.state.phase === 'Completed');
    expect(weightOf(simulation, 'v1')).toBe(TOTAL_WEIGHT);
    expect(simulation.last.slice?.by).toBe('match');
    expect(simulation.last.slice?.weights).toContainEqual({ version: 'v2', weight: TOTAL_WEIGHT });
  });

  it('shows a preview to those that match before the switch', () => {
    const previewMatch = [{ headers: [{ name: 'x-preview', value: '1' }] }];
    const strategy = { blueGreen: { previewMatch, autoPromote: false } };
    const simulation = new Simulation({ spec: { ...spec, strategy } }).run(20);
    expect(simulation.last.slice?.by).toBe('preview');
    expect(weightOf(simulation, 'v1')).toBe(TOTAL_WEIGHT);
    expect(simulation.phase).toBe('Progressing');
  });
});

describe('a candidate that fails', () => {
  it.each([
    [1, 2, 20],
    [0.5, 4, 20],
    [0.3, 8, 25],
  ])(
    '%f of its requests at 100 requests/s and a tenth of them is out within %i s',
    (failureRate, seconds, failures) => {
      const taken = Array.from({ length: 21 }, (_, run) => {
        const simulation = new Simulation({ spec: held, candidate: () => ({ failureRate }), seed: run + 1 });
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
      spec: held,
      candidate: (second) => ({ failureRate: second > 1800 ? 1 : 0.001 }),
    });
    simulation.run(1800);
    expect(simulation.phase).toBe('Progressing');
    const out = simulation.until((decision) => decision.state.phase === 'RollingBack', 60);
    expect(out).toBeLessThanOrEqual(1803);
  });

  it('tells why, with counts and evidence, and all traffic is back', () => {
    const simulation = new Simulation({ spec: held, candidate: () => ({ failureRate: 0.3 }) });
    simulation.until((decision) => decision.state.phase === 'RolledBack');
    const rollback = simulation.events.find((event) => event.reason === 'GateBreached');
    expect(rollback?.type).toBe('Warning');
    expect(rollback?.message).toMatch(
      /^errors: candidate \d+ of \d+ failed, stable \d+ of \d+ failed: M = 10\^[\d.]+ ≥ 10\^3$/,
    );
    expect(weightOf(simulation, 'v1')).toBe(TOTAL_WEIGHT);
  });

  it('while stable fails as much is not rolled back', () => {
    const broken = () => ({ failureRate: 0.3 });
    const simulation = new Simulation({ spec: held, candidate: broken, stable: broken }).run(600);
    expect(reasons(simulation)).not.toContain('GateBreached');
  });

  it('goes back to the version that the spec names', () => {
    const simulation = new Simulation({
      spec: { ...held, rollback: { to: 'v3' } },
      candidate: () => ({ failureRate: 1 }),
    });
    simulation.until((decision) => decision.state.phase === 'RolledBack');
    expect(weightOf(simulation, 'v3')).toBe(TOTAL_WEIGHT);
  });

  it('after its promotion is found by the drift detector', () => {
    const baked = { ...spec, retention: '1h' };
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
    const metrics = [{ ...errors, dryRun: true }];
    const simulation = new Simulation({
      spec: { ...held, analysis: { warmUp: '0s', metrics } },
      candidate: () => ({ failureRate: 1 }),
    }).run(60);
    expect(simulation.phase).toBe('Progressing');
    expect(reasons(simulation).filter((reason) => reason === 'DryRunBreached')).toHaveLength(1);
  });

  it('in its warm-up is not judged', () => {
    const warm = { ...held, analysis: { warmUp: '20s', metrics: [errors] } };
    const simulation = new Simulation({
      spec: warm,
      candidate: (second) => ({ failureRate: second < 15 ? 1 : 0 }),
    }).run(60);
    expect(simulation.phase).toBe('Progressing');
  });

  it('can be tried again', () => {
    const simulation = new Simulation({
      spec: held,
      candidate: (second) => ({ failureRate: second < 30 ? 1 : 0 }),
      commands: (second) => (second === 40 ? [{ type: 'retry' }] : []),
    }).run(60);
    expect(reasons(simulation)).toContain('Retried');
    expect(weightOf(simulation, 'v2')).toBe(1000);
  });
});

describe('a candidate that is slow', () => {
  it('twice as slow as stable is out within 15 s', () => {
    const metrics = [{ name: 'slower', type: 'Latency', maxRatio: 1.25 }];
    const simulation = new Simulation({
      spec: { ...held, analysis: { warmUp: '0s', metrics } },
      candidate: () => ({ latencyMs: 30 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack', 60)).toBeLessThanOrEqual(
      16,
    );
  });

  it('past its quantile bound is out, and one within it is not', () => {
    const metrics = [{ name: 'p95', type: 'Latency', quantile: 0.95, thresholdRange: { max: '40ms' } }];
    const given = { ...held, analysis: { warmUp: '0s', metrics } };
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
      spec: { ...spec, strategy, analysis: { warmUp: '0s', metrics } },
      candidate: (_, weight) => ({ latencyMs: weight > 3000 ? 90 : 15 }),
    });
    simulation.until((decision) => decision.state.reason === 'PulledBack', 600);
    expect(weightOf(simulation, 'v2')).toBe(3000);
    simulation.until((decision) => decision.state.reason === 'PulledBackAgain', 1800);
    expect(weightOf(simulation, 'v2')).toBe(3000);
    expect(simulation.phase).toBe('Frozen');
  });

  it('since an inflection freezes the ramp before its bound is reached, and thaws when it has passed', () => {
    const metrics = [{ name: 'inflection', type: 'Latency', maxRatio: 1.5, onBreach: 'Freeze' }];
    const simulation = new Simulation({
      spec: { ...held, analysis: { warmUp: '0s', metrics } },
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
      spec: { ...held, analysis: { warmUp: '0s', metrics } },
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
      spec: { ...held, analysis: { warmUp: '0s', metrics } },
      candidate: (second) => ({ query: second > 20 ? 0.05 : 0.005 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack', 60)).toBe(23);
  });
});

describe('without data', () => {
  it.each(['missing', 'stale', 'invalid'] as const)(
    'that is %s it holds, says why, and goes on afterwards',
    (kind) => {
      const simulation = new Simulation({
        spec,
        dark: (second) => (second > 3 && second < 100 ? kind : undefined),
      });
      simulation.run(50);
      expect(simulation.phase).toBe('Holding');
      expect(simulation.last.state.reason).toBe('NoData');
      expect(simulation.last.state.message).toMatch(/candidate: (no data|stale|not a number)/);
      expect(weightOf(simulation, 'v2')).toBe(1000);
      expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
    },
  );

  it('never advances on a look without data, however long the pause was over', () => {
    const simulation = new Simulation({ spec, dark: (second) => (second > 5 ? 'missing' : undefined) }).run(
      1800,
    );
    expect(weightOf(simulation, 'v2')).toBe(1000);
  });

  it('rolls back where the gate says so', () => {
    const simulation = new Simulation({
      spec: { ...spec, analysis: { warmUp: '0s', onNoData: 'Rollback', metrics: [errors] } },
      dark: (second) => (second > 5 ? 'missing' : undefined),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack')).toBeGreaterThan(30);
    expect(simulation.last.state.reason).toBe('NoData');
  });

  it('goes on where the gate says that it does not matter', () => {
    const simulation = new Simulation({
      spec: { ...spec, analysis: { warmUp: '0s', metrics: [{ ...errors, onNoData: 'Ignore' }] } },
      dark: () => 'missing',
    });
    expect(simulation.until((decision) => decision.weights[1]?.weight === TOTAL_WEIGHT)).toBeDefined();
  });

  it('for longer than the deadline rolls back', () => {
    const simulation = new Simulation({
      spec: { ...spec, progressDeadline: '120s' },
      dark: (second) => (second > 5 ? 'missing' : undefined),
    });
    simulation.until((decision) => decision.state.phase === 'RollingBack');
    expect(simulation.last.state.reason).toBe('DeadlineExceeded');
  });
});

describe('sidecars', () => {
  it('that lag keep a step from counting, are named, and freeze it after the deadline', () => {
    const simulation = new Simulation({
      spec,
      laggards: (second) => (second > 1 && second < 60 ? ['sidecar-3'] : []),
    });
    simulation.run(10);
    expect(simulation.last.state.message).toBe('waiting for 1 of 3 sidecars: sidecar-3');
    expect(simulation.phase).toBe('Progressing');
    simulation.run(30);
    expect(simulation.phase).toBe('Frozen');
    expect(simulation.last.state.reason).toBe('NotConverged');
    expect(simulation.last.evidence[0]?.needed ?? '0 of ~299 requests').toBe('0 of ~299 requests');
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
  });

  it('within the quorum do not keep it waiting', () => {
    const simulation = new Simulation({
      spec: { ...spec, convergence: { quorumPercent: 60 } },
      laggards: () => ['sidecar-3'],
    });
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
  });
});

describe('people', () => {
  const at = (when: number, type: 'pause' | 'resume' | 'abort') => (second: number) =>
    second === when ? [{ type }] : [];

  it('pause and resume', () => {
    const simulation = new Simulation({
      spec,
      commands: (second) => [...at(5, 'pause')(second), ...at(300, 'resume')(second)],
    }).run(299);
    expect(simulation.phase).toBe('Paused');
    expect(weightOf(simulation, 'v2')).toBe(1000);
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
  });

  it('pause by the spec', () => {
    const simulation = new Simulation({ spec, edit: (second) => ({ ...spec, paused: second < 50 }) }).run(40);
    expect(simulation.phase).toBe('Paused');
    expect(weightOf(simulation, 'v2')).toBe(0);
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
  });

  it('are protected while they pause', () => {
    const simulation = new Simulation({
      spec,
      commands: at(5, 'pause'),
      candidate: (second) => ({ failureRate: second > 20 ? 1 : 0 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack')).toBeLessThan(25);
  });

  it('promote past a pause without an end', () => {
    const simulation = new Simulation({
      spec: held,
      commands: (second) => (second === 100 ? [{ type: 'promote', full: false }] : []),
    }).run(99);
    expect(weightOf(simulation, 'v2')).toBe(1000);
    simulation.look();
    expect(weightOf(simulation, 'v2')).toBe(TOTAL_WEIGHT);
  });

  it('promote past everything', () => {
    const simulation = new Simulation({
      spec,
      commands: (second) => (second === 3 ? [{ type: 'promote', full: true }] : []),
    }).run(3);
    expect(simulation.phase).toBe('Promoting');
  });

  it.each(['Warming', 'Progressing', 'Paused', 'Frozen', 'Holding', 'Promoting', 'Baking', 'Completed'])(
    'abort while %s',
    (phase) => {
      let asked = false;
      const simulation = new Simulation({
        spec: { ...spec, analysis: { warmUp: phase === 'Warming' ? '60s' : '0s', metrics: [errors] } },
        dark: (second) => (phase === 'Holding' && second > 5 ? 'missing' : undefined),
        laggards: (second) => (phase === 'Frozen' && second > 5 && !asked ? ['slow'] : []),
        commands: (second, state) => {
          if (state.phase === phase && !asked) {
            asked = true;
            return [{ type: 'pause' }, { type: 'abort' }, { type: 'promote', full: true }];
          }
          return phase === 'Paused' && second === 5 ? [{ type: 'pause' }] : [];
        },
      });
      simulation.until((decision) => decision.state.phase === 'RollingBack', 900);
      expect(simulation.last.state.reason).toBe('Aborted');
      expect(weightOf(simulation, 'v1')).toBe(TOTAL_WEIGHT);
      expect(simulation.until((decision) => decision.state.phase === 'RolledBack', 5)).toBeDefined();
    },
  );

  it('are told when a command has no meaning', () => {
    const simulation = new Simulation({ spec, commands: at(5, 'abort') }).run(10);
    const late = new Simulation({
      spec,
      commands: (second) => [...at(5, 'abort')(second), ...at(9, 'resume')(second)],
    }).run(10);
    expect(reasons(simulation)).not.toContain('CommandRefused');
    expect(reasons(late)).toContain('CommandRefused');
  });
});

describe('webhooks', () => {
  const hooked = {
    ...spec,
    analysis: {
      warmUp: '0s',
      metrics: [errors],
      webhooks: ['confirm-rollout', 'confirm-step', 'confirm-promotion'].map((type) => ({
        type,
        url: 'https://example.test/',
      })),
    },
  };

  it('are asked before the first traffic, each step and the promotion, and waited for', () => {
    const asked: string[] = [];
    const simulation = new Simulation({
      spec: hooked,
      answers: (_, decision) => {
        const asks = decision?.asks ?? [];
        asked.push(...asks.map((ask) => ask.type));
        return new Map(asks.map((ask) => [ask.key, 'yes']));
      },
    });
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
    expect(asked).toEqual(['confirm-rollout', 'confirm-step', 'confirm-promotion']);
  });

  it('that do not answer keep it where it is', () => {
    const simulation = new Simulation({ spec: hooked }).run(100);
    expect(simulation.phase).toBe('Pending');
    expect(simulation.last.asks).toHaveLength(1);
    expect(weightOf(simulation, 'v2')).toBe(0);
  });
});

describe('a rollout survives', () => {
  it('edited steps: goes on from the nearest lower weight', () => {
    const wide = {
      ...spec,
      strategy: { steps: [{ setWeight: 10 }, { setWeight: 50 }, { pause: {} }, { setWeight: 100 }] },
    };
    const fine = {
      ...spec,
      strategy: { steps: [{ setWeight: 20 }, { setWeight: 40 }, { pause: {} }, { setWeight: 100 }] },
    };
    const simulation = new Simulation({ spec: wide, edit: (second) => (second > 200 ? fine : wide) });
    simulation.run(200);
    expect(weightOf(simulation, 'v2')).toBe(5000);
    simulation.run(2);
    expect(weightOf(simulation, 'v2')).toBe(4000);
    expect(reasons(simulation)).toContain('StepsEdited');
  });

  it('another candidate: back to stable first, then from the beginning', () => {
    const simulation = new Simulation({
      spec: held,
      edit: (second) => (second > 60 ? { ...held, candidate: 'v3' } : held),
    });
    simulation.run(61);
    expect(simulation.phase).toBe('Superseded');
    expect(weightOf(simulation, 'v1')).toBe(TOTAL_WEIGHT);
    simulation.run(5);
    expect(weightOf(simulation, 'v3')).toBe(1000);
    expect(weightOf(simulation, 'v2')).toBe(0);
  });

  it('the next release after a completed one without moving any traffic', () => {
    const next = { ...spec, stable: 'v2', candidate: 'v3', paused: true };
    const simulation = new Simulation({ spec, edit: (second) => (second > 300 ? next : spec) });
    simulation.run(300);
    expect(simulation.phase).toBe('Completed');
    simulation.run(10);
    expect(weightOf(simulation, 'v2')).toBe(TOTAL_WEIGHT);
    expect(simulation.phase).toBe('Paused');
  });

  it('the loss of its candidate: back to stable', () => {
    const simulation = new Simulation({
      spec: held,
      service: (second) => (second > 30 ? serviceOf('v1', 'v3') : serviceOf('v1', 'v2')),
    });
    simulation.run(40);
    expect(simulation.phase).toBe('RolledBack');
    expect(simulation.last.weights).toEqual([
      { version: 'v1', weight: TOTAL_WEIGHT },
      { version: 'v3', weight: 0 },
    ]);
  });

  it('a clock that steps back an hour, and one that jumps ahead a day', () => {
    const paced = {
      ...spec,
      strategy: { steps: [{ setWeight: 50 }, { pause: { duration: '100s' } }, { setWeight: 100 }] },
    };
    const clocks = [
      (second: number) => START + second * 1000 - (second > 50 ? 3_600_000 : 0),
      (second: number) => START + second * 1000 + (second > 20 ? 86_400_000 : 0),
    ];
    const [back, ahead] = clocks.map((clockMs) =>
      new Simulation({ spec: paced, clockMs }).until((decision) => decision.state.phase === 'Promoting', 300),
    );
    expect(back).toBeGreaterThanOrEqual(100);
    expect(back).toBeLessThan(120);
    expect(ahead).toBeGreaterThan(35);
  });

  it('the kill switch: nothing changes by itself, abort still works', () => {
    const simulation = new Simulation({
      spec,
      frozen: (second) => second > 5,
      candidate: (second) => ({ failureRate: second > 10 ? 1 : 0 }),
      commands: (second) => (second === 60 ? [{ type: 'abort' }] : []),
    }).run(59);
    expect(weightOf(simulation, 'v2')).toBe(1000);
    expect(simulation.last.evidence[0]?.verdict).toBe('breach');
    expect(simulation.last.conditions.find((each) => each.type === 'Progressing')?.reason).toBe('KillSwitch');
    simulation.look();
    expect(simulation.phase).toBe('RollingBack');
  });
});

describe('growing evidence', () => {
  it('freezes the ramp before it is enough for a rollback', () => {
    const phases = Array.from({ length: 10 }, (_, run) => {
      const simulation = new Simulation({ spec, candidate: () => ({ failureRate: 0.05 }), seed: run + 1 });
      simulation.until((decision) => decision.state.phase === 'RollingBack', 300);
      return simulation.decisions.map((decision) => decision.state.phase);
    });
    expect(phases.filter((each) => each.includes('Frozen')).length).toBeGreaterThanOrEqual(8);
    expect(phases.every((each) => each.at(-1) === 'RollingBack')).toBe(true);
  });
});

describe('the bank of the canary case, an hour as a minute', () => {
  const bank = {
    strategy: { linear: { start: 5, step: 10, every: '60s' } },
    analysis: {
      warmUp: '5s',
      metrics: [
        errors,
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
