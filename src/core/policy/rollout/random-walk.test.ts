import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Simulation } from '../../../../bench/rollout/simulation.ts';
import { TOTAL_WEIGHT } from '../../ir/ir.ts';
import type { RolloutCommand, RolloutDecision } from './decision.ts';

/** What happens at one look of a walk. */
interface Happening {
  readonly command: RolloutCommand | undefined;
  readonly dark: 'missing' | 'stale' | 'invalid' | undefined;
  readonly failureRate: number;
  readonly latencyMs: number;
  readonly lagging: boolean;
  readonly frozen: boolean;
  readonly clockStepMs: number;
  readonly looks: number;
}

const command = fc.constantFrom<RolloutCommand>(
  { type: 'promote', full: false },
  { type: 'promote', full: true },
  { type: 'pause' },
  { type: 'resume' },
  { type: 'abort' },
  { type: 'retry' },
);

const rarely = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 5 });

const happening: fc.Arbitrary<Happening> = fc.record({
  command: rarely(command),
  dark: rarely(fc.constantFrom<'missing' | 'stale' | 'invalid'>('missing', 'stale', 'invalid')),
  failureRate: fc.constantFrom(0, 0.001, 0.001, 0.05, 1),
  latencyMs: fc.constantFrom(15, 15, 15, 60),
  lagging: fc.constantFrom(false, false, false, true),
  frozen: fc.constantFrom(false, false, false, false, true),
  clockStepMs: fc.constantFrom(0, 0, 0, -3_600_000, 86_400_000),
  looks: fc.integer({ min: 1, max: 30 }),
});

const spec = {
  retention: '20s',
  progressDeadline: '300s',
  strategy: {
    steps: [
      { setWeight: 5 },
      { pause: { duration: '10s' } },
      { setWeight: 30 },
      { setWeight: 70 },
      { setWeight: 100 },
    ],
  },
  analysis: {
    warmUp: '3s',
    metrics: [
      { name: 'errors', type: 'ErrorRate' },
      {
        name: 'p99',
        type: 'Latency',
        quantile: 0.99,
        thresholdRange: { max: '80ms' },
        onBreach: { setWeight: 20 },
      },
    ],
  },
};

interface Step {
  readonly happening: Happening;
  readonly before: RolloutDecision | undefined;
  readonly after: RolloutDecision;
  readonly commands: readonly RolloutCommand[];
}

/** Walks through the machine; every look goes by way of JSON. */
function walk(happenings: readonly Happening[]): Step[] {
  const timeline = happenings.flatMap((each) =>
    Array.from({ length: each.looks }, (_, i) =>
      i === 0 ? each : { ...each, command: undefined, clockStepMs: 0 },
    ),
  );
  const at = (second: number): Happening | undefined => timeline[second - 1];
  let offsetMs = 0;
  const offsets = timeline.map((each) => {
    offsetMs += each.clockStepMs;
    return offsetMs;
  });
  const commandsAt = (second: number) => {
    const given = at(second)?.command;
    return given === undefined ? [] : [given];
  };
  const simulation = new Simulation({
    spec,
    commands: commandsAt,
    dark: (second) => at(second)?.dark,
    candidate: (second) => {
      const now = at(second);
      return now === undefined ? {} : { failureRate: now.failureRate, latencyMs: now.latencyMs };
    },
    laggards: (second) => (at(second)?.lagging ? ['late'] : []),
    frozen: (second) => at(second)?.frozen ?? false,
    clockMs: (second) => 1_700_000_000_000 + second * 1000 + (offsets[second - 1] ?? 0),
  });
  return timeline.map((each, i) => {
    const before = simulation.decisions.at(-1);
    simulation.look();
    return {
      happening: each,
      before,
      after: simulation.last,
      commands: before === undefined ? [] : commandsAt(i + 1),
    };
  });
}

function candidateWeight(decision: RolloutDecision | undefined): number {
  return decision?.weights.find((each) => each.version === 'v2')?.weight ?? 0;
}

const walks = fc.array(happening, { minLength: 1, maxLength: 25 });

function everywhere(check: (step: Step) => void): void {
  fc.assert(
    fc.property(walks, (happenings) => {
      for (const step of walk(happenings)) check(step);
    }),
    { numRuns: 40 },
  );
}

describe('on any walk through a rollout', () => {
  it('weights sum to the total, name every version, and none is negative', () => {
    everywhere(({ after }) => {
      expect(after.weights.map((each) => each.version)).toEqual(['v1', 'v2', 'v3']);
      expect(after.weights.reduce((sum, each) => sum + each.weight, 0)).toBe(TOTAL_WEIGHT);
      expect(after.weights.every((each) => each.weight >= 0)).toBe(true);
    });
  });

  it('the weight never rises without data, acknowledgement and leave, but by a person', () => {
    everywhere(({ happening: now, before, after, commands }) => {
      const first = before === undefined || candidateWeight(before) === 0;
      if (candidateWeight(after) <= candidateWeight(before) || first) return;
      if (commands.some((each) => each.type === 'promote')) return;
      expect(now.dark).toBeUndefined();
      expect(now.lagging).toBe(false);
      expect(now.frozen).toBe(false);
      expect(after.evidence.every((each) => each.verdict === 'pass')).toBe(true);
    });
  });

  it('the weight falls only on a pull-back or a rollback, with its reason', () => {
    everywhere(({ before, after }) => {
      if (candidateWeight(after) >= candidateWeight(before)) return;
      expect(['RollingBack', 'Frozen']).toContain(after.state.phase);
      expect(after.events.length).toBeGreaterThan(0);
    });
  });

  it('abort wins whatever else is said at the same look', () => {
    everywhere(({ after, commands }) => {
      if (!commands.some((each) => each.type === 'abort')) return;
      expect(['RollingBack', 'RolledBack']).toContain(after.state.phase);
      expect(candidateWeight(after)).toBe(0);
    });
  });

  it('the kill switch lets nothing but people move a weight', () => {
    everywhere(({ happening: now, before, after, commands }) => {
      if (!now.frozen || before === undefined || commands.length > 0) return;
      expect(after.weights).toEqual(before.weights);
    });
  });

  it('a revision rises exactly when the traffic changes', () => {
    everywhere(({ before, after }) => {
      if (before === undefined) return;
      const traffic = ({ weights, slices, mirror }: RolloutDecision) =>
        JSON.stringify([weights, slices, mirror]);
      const changed = traffic(before) !== traffic(after);
      expect(after.revision).toBe(before.revision + (changed ? 1 : 0));
    });
  });

  it('every change of phase is an event with a reason', () => {
    everywhere(({ before, after }) => {
      if (before === undefined || before.state.phase === after.state.phase) return;
      expect(after.events.length).toBeGreaterThan(0);
      expect(after.state.message).not.toBe('');
    });
  });
});
