import { expect, it } from 'vitest';
import type { ModelRollout } from '../core/api/model-rollout.ts';
import type { ServiceOutcome } from '../core/decide/service-look.ts';
import { lookIntervalMs } from './look-interval.ts';

const rollout = (interval: number) => ({ spec: { analysis: { interval } } }) as ModelRollout;
const outcome = (waiting: boolean, phase?: string) =>
  ({ limits: { waiting }, breaker: phase && { state: { phase } } }) as unknown as ServiceOutcome;

it.each<[string, readonly ModelRollout[], readonly ServiceOutcome[], number]>([
  ['nothing', [], [outcome(false, 'CLOSED')], 1000],
  ['a rollout', [rollout(500), rollout(5000)], [], 500],
  ['shares that wait', [rollout(500)], [outcome(true)], 100],
  ['probes', [rollout(500)], [outcome(false, 'OPEN'), outcome(false, 'HALF_OPEN')], 250],
])('%s asks for the next look', (_, rollouts, outcomes, ms) => {
  expect(lookIntervalMs(1000, rollouts, outcomes)).toBe(ms);
});
