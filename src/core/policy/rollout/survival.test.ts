import { describe, expect, it } from 'vitest';
import { Simulation, START, serviceOf } from '../../../../bench/rollout/simulation.ts';
import { errorsGate, heldRollout, steppedRollout } from '../../../../bench/rollout/usual-rollouts.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';

describe('without data', () => {
  it.each(['missing', 'stale', 'invalid'] as const)(
    'that is %s it holds, says why, and goes on afterwards',
    (kind) => {
      const simulation = new Simulation({
        spec: steppedRollout,
        dark: (second) => (second > 3 && second < 100 ? kind : undefined),
      });
      simulation.run(50);
      expect(simulation.phase).toBe('Holding');
      expect(simulation.last.state.reason).toBe('NoData');
      expect(simulation.last.state.message).toMatch(/candidate: (no data|stale|not a number)/);
      expect(simulation.weightOf('v2')).toBe(1000);
      expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
    },
  );

  it('never advances on a look without data, however long the pause was over', () => {
    const simulation = new Simulation({
      spec: steppedRollout,
      dark: (second) => (second > 5 ? 'missing' : undefined),
    }).run(1800);
    expect(simulation.weightOf('v2')).toBe(1000);
  });

  it('rolls back where the gate says so', () => {
    const simulation = new Simulation({
      spec: { ...steppedRollout, analysis: { warmUp: '0s', onNoData: 'Rollback', metrics: [errorsGate] } },
      dark: (second) => (second > 5 ? 'missing' : undefined),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack')).toBeGreaterThan(30);
    expect(simulation.last.state.reason).toBe('NoData');
  });

  it('goes on where the gate says that it does not matter', () => {
    const simulation = new Simulation({
      spec: {
        ...steppedRollout,
        analysis: { warmUp: '0s', metrics: [{ ...errorsGate, onNoData: 'Ignore' }] },
      },
      dark: () => 'missing',
    });
    expect(simulation.until((decision) => decision.weights[1]?.weight === TOTAL_WEIGHT)).toBeDefined();
  });

  it('for longer than the deadline rolls back', () => {
    const simulation = new Simulation({
      spec: { ...steppedRollout, progressDeadline: '120s' },
      dark: (second) => (second > 5 ? 'missing' : undefined),
    });
    simulation.until((decision) => decision.state.phase === 'RollingBack');
    expect(simulation.last.state.reason).toBe('DeadlineExceeded');
  });
});

describe('sidecars', () => {
  it('that lag keep a step from counting, are named, and freeze it after the deadline', () => {
    const simulation = new Simulation({
      spec: steppedRollout,
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
      spec: { ...steppedRollout, convergence: { quorumPercent: 60 } },
      laggards: () => ['sidecar-3'],
    });
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
  });
});

describe('a rollout survives', () => {
  it('a restart: while nobody looked no data was missed', () => {
    const simulation = new Simulation({
      spec: heldRollout,
      clockMs: (second) => START + second * 1000 + (second > 10 ? 20_000 : 0),
      dark: (second) => (second === 11 || second === 12 ? 'missing' : undefined),
    }).run(12);
    expect(simulation.phase).toBe('Progressing');
    expect(simulation.weightOf('v2')).toBe(1000);
  });

  it('edited steps: goes on from the nearest lower weight', () => {
    const wide = {
      ...steppedRollout,
      strategy: { steps: [{ setWeight: 10 }, { setWeight: 50 }, { pause: {} }, { setWeight: 100 }] },
    };
    const fine = {
      ...steppedRollout,
      strategy: { steps: [{ setWeight: 20 }, { setWeight: 40 }, { pause: {} }, { setWeight: 100 }] },
    };
    const simulation = new Simulation({ spec: wide, edit: (second) => (second > 200 ? fine : wide) });
    simulation.run(200);
    expect(simulation.weightOf('v2')).toBe(5000);
    simulation.run(2);
    expect(simulation.weightOf('v2')).toBe(4000);
    expect(simulation.reasons).toContain('StepsEdited');
  });

  it('another candidate: back to stable first, then from the beginning', () => {
    const simulation = new Simulation({
      spec: heldRollout,
      edit: (second) => (second > 60 ? { ...heldRollout, candidate: 'v3' } : heldRollout),
    });
    simulation.run(61);
    expect(simulation.phase).toBe('Superseded');
    expect(simulation.weightOf('v1')).toBe(TOTAL_WEIGHT);
    simulation.run(5);
    expect(simulation.weightOf('v3')).toBe(1000);
    expect(simulation.weightOf('v2')).toBe(0);
  });

  it('the next release after a completed one without moving any traffic', () => {
    const next = { ...steppedRollout, stable: 'v2', candidate: 'v3', paused: true };
    const simulation = new Simulation({
      spec: steppedRollout,
      edit: (second) => (second > 300 ? next : steppedRollout),
    });
    simulation.run(300);
    expect(simulation.phase).toBe('Completed');
    simulation.run(10);
    expect(simulation.weightOf('v2')).toBe(TOTAL_WEIGHT);
    expect(simulation.phase).toBe('Paused');
  });

  it('the loss of its candidate: back to stable', () => {
    const simulation = new Simulation({
      spec: heldRollout,
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
      ...steppedRollout,
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
      spec: steppedRollout,
      frozen: (second) => second > 5,
      candidate: (second) => ({ failureRate: second > 10 ? 1 : 0 }),
      commands: (second) => (second === 60 ? [{ type: 'abort' }] : []),
    }).run(59);
    expect(simulation.weightOf('v2')).toBe(1000);
    expect(simulation.last.evidence[0]?.verdict).toBe('breach');
    expect(simulation.last.conditions.find((each) => each.type === 'Progressing')?.reason).toBe('KillSwitch');
    simulation.look();
    expect(simulation.phase).toBe('RollingBack');
  });
});
