import { describe, expect, it } from 'vitest';
import type { RolloutStatus } from '../../core/status/status.ts';
import { type Action, consequenceOf } from './consequence.ts';

const rollout = (step: number): RolloutStatus => ({
  namespace: 'default',
  name: 'fraud-v2',
  service: 'fraud',
  stable: 'v1',
  candidate: 'v2',
  phase: 'Progressing',
  message: '',
  weight: [500, 2500, 10_000][step] ?? 0,
  step,
  steps: [500, 2500, 10_000].map((weight) => ({ weight, pauseMs: 0 })),
  startedAt: 0,
  phaseSince: 0,
  requests: undefined,
  slices: [],
  gates: [],
  distributions: [],
  laggards: [],
  conditions: [],
});

describe('what a person is told before a rollout is acted on', () => {
  it.each<[Action, number, RegExp]>([
    ['promote', 0, /^v2 goes from 5 % to 25 % at once/],
    ['promote', 1, /^v2 goes from 25 % to 100 % at once/],
    ['promote', 2, /^v2 goes from 100 % to 100 %/],
    ['pause', 1, /^v2 keeps 25 % of the traffic/],
    ['resume', 1, /from 25 % on/],
    ['abort', 1, /goes back to v1 at once; v2, which has 25 % now, gets none/],
    ['retry', 1, /first step, 5 %/],
  ])('%s at step %d', (action, step, expected) => {
    expect(consequenceOf(action, rollout(step)).replaceAll(/\s/g, ' ')).toMatch(expected);
  });
});
