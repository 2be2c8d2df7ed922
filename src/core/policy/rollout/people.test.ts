import { describe, expect, it } from 'vitest';
import { Simulation } from '../../../../bench/rollout/simulation.ts';
import { errorsGate, heldRollout, steppedRollout } from '../../../../bench/rollout/usual-rollouts.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';

describe('people', () => {
  const at = (when: number, type: 'pause' | 'resume' | 'abort') => (second: number) =>
    second === when ? [{ type }] : [];

  it('pause and resume', () => {
    const simulation = new Simulation({
      spec: steppedRollout,
      commands: (second) => [...at(5, 'pause')(second), ...at(300, 'resume')(second)],
    }).run(299);
    expect(simulation.phase).toBe('Paused');
    expect(simulation.weightOf('v2')).toBe(1000);
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
  });

  it('pause by the spec', () => {
    const simulation = new Simulation({
      spec: steppedRollout,
      edit: (second) => ({ ...steppedRollout, paused: second < 50 }),
    }).run(40);
    expect(simulation.phase).toBe('Paused');
    expect(simulation.weightOf('v2')).toBe(0);
    expect(simulation.until((decision) => decision.state.phase === 'Completed')).toBeDefined();
  });

  it('are protected while they pause', () => {
    const simulation = new Simulation({
      spec: steppedRollout,
      commands: at(5, 'pause'),
      candidate: (second) => ({ failureRate: second > 20 ? 1 : 0 }),
    });
    expect(simulation.until((decision) => decision.state.phase === 'RollingBack')).toBeLessThan(25);
  });

  it('promote past a pause without an end', () => {
    const simulation = new Simulation({
      spec: heldRollout,
      commands: (second) => (second === 100 ? [{ type: 'promote', full: false }] : []),
    }).run(99);
    expect(simulation.weightOf('v2')).toBe(1000);
    simulation.look();
    expect(simulation.weightOf('v2')).toBe(TOTAL_WEIGHT);
  });

  it('promote past everything', () => {
    const simulation = new Simulation({
      spec: steppedRollout,
      commands: (second) => (second === 3 ? [{ type: 'promote', full: true }] : []),
    }).run(3);
    expect(simulation.phase).toBe('Promoting');
  });

  it.each(['Warming', 'Progressing', 'Paused', 'Frozen', 'Holding', 'Promoting', 'Baking', 'Completed'])(
    'abort while %s',
    (phase) => {
      let asked = false;
      const simulation = new Simulation({
        spec: {
          ...steppedRollout,
          analysis: { warmUp: phase === 'Warming' ? '60s' : '0s', metrics: [errorsGate] },
        },
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
      expect(simulation.weightOf('v1')).toBe(TOTAL_WEIGHT);
      expect(simulation.until((decision) => decision.state.phase === 'RolledBack', 5)).toBeDefined();
    },
  );

  it('are told when a command has no meaning', () => {
    const simulation = new Simulation({ spec: steppedRollout, commands: at(5, 'abort') }).run(10);
    const late = new Simulation({
      spec: steppedRollout,
      commands: (second) => [...at(5, 'abort')(second), ...at(9, 'resume')(second)],
    }).run(10);
    expect(simulation.reasons).not.toContain('CommandRefused');
    expect(late.reasons).toContain('CommandRefused');
  });
});

describe('webhooks', () => {
  const hooked = {
    ...steppedRollout,
    analysis: {
      warmUp: '0s',
      metrics: [errorsGate],
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
    expect(simulation.weightOf('v2')).toBe(0);
  });
});
