import { describe, expect, it } from 'vitest';
import { type ModelRollout, modelRolloutSchema } from '../api/model-rollout.ts';
import { modelServiceSchema } from '../api/model-service.ts';
import type { ServiceObservation } from '../observation/observation.ts';
import { decideRollout } from '../policy/rollout/decide-rollout.ts';
import type { Answer } from '../policy/rollout/decision.ts';
import { NO_DISPERSION } from '../stats/dispersion.ts';
import { joinAnswers, questionsOf, readAnswer } from './confirmation.ts';

const hook = (type: string, host: string) => ({ type, url: `http://${host}/ask` });

const rollout: ModelRollout = modelRolloutSchema.parse({
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'ModelRollout',
  metadata: { name: 'fraud-v2' },
  spec: {
    targetRef: { kind: 'ModelService', name: 'fraud' },
    stable: 'v1',
    candidate: 'v2',
    strategy: { steps: [{ setWeight: 5 }, { setWeight: 20 }, { setWeight: 100 }] },
    analysis: {
      warmUp: '0s',
      webhooks: [hook('confirm-step', 'a'), hook('confirm-step', 'b'), hook('on-event', 'c')],
    },
  },
});

const service = modelServiceSchema.parse({
  apiVersion: 'penstock.dev/v1alpha1',
  kind: 'ModelService',
  metadata: { name: 'fraud' },
  spec: {
    port: 9000,
    versions: ['v1', 'v2'].map((name) => ({
      name,
      endpoints: { static: [{ address: '127.0.0.1', port: 9001 }] },
    })),
  },
});

const NOTHING: ServiceObservation = {
  service: 'default/fraud',
  at: 0,
  versions: new Map(),
  queries: new Map(),
};

/** The decision of a rollout that stands at its first step with everybody's acknowledgement. */
function atFirstStep(answers: ReadonlyMap<string, Answer> = new Map()) {
  const look = (state: ReturnType<typeof decideRollout>['state'] | undefined, nowMs: number) =>
    decideRollout({
      rollout: 'fraud-v2',
      spec: rollout.spec,
      service: service.spec,
      observation: NOTHING,
      failureDispersion: NO_DISPERSION,
      acknowledged: { revision: state?.revision ?? 0, connected: 1, laggards: [] },
      commands: [],
      answers,
      frozen: false,
      state,
      nowMs,
    });
  const entered = look(undefined, 1000);
  return look(entered.state, 2000);
}

describe('what is asked', () => {
  it('goes to every receiver of the type, with where the rollout stands and where it wants to go', () => {
    const questions = questionsOf(rollout, atFirstStep(), Date.UTC(2026, 10, 21));
    expect(questions.map((each) => [each.rollout, each.type, each.hook.url])).toEqual([
      ['default/fraud-v2', 'confirm-step', 'http://a/ask'],
      ['default/fraud-v2', 'confirm-step', 'http://b/ask'],
    ]);
    expect(questions[0]?.payload).toMatchObject({
      key: questions[0]?.key,
      type: 'confirm-step',
      rollout: { namespace: 'default', name: 'fraud-v2' },
      service: { namespace: 'default', name: 'fraud' },
      step: 1,
      steps: 3,
      weight: 5,
      nextWeight: 20,
      askedAt: '2026-11-21T00:00:00.000Z',
      evidence: [],
    });
  });

  it('is nothing while the rollout waits for nobody', () => {
    const key = questionsOf(rollout, atFirstStep(), 0)[0]?.key ?? '';
    expect(questionsOf(rollout, atFirstStep(new Map([[key, 'yes']])), 0)).toEqual([]);
  });
});

describe('what an answer means', () => {
  it.each([
    [200, '', 'yes'],
    [204, '', 'yes'],
    [200, 'fine', 'yes'],
    [200, '{"allow": true}', 'yes'],
    [200, '{"allow": false, "reason": "freeze"}', 'no'],
    [200, '{"allow": "false"}', 'yes'],
    [400, '', 'no'],
    [403, '', 'no'],
    [404, '', 'no'],
    [307, '', undefined],
    [500, '{"allow": true}', undefined],
  ])('%i %s: %s', (status, body, answer) => {
    expect(readAnswer(status, body)).toBe(answer);
  });

  it.each([
    [[], undefined],
    [['yes'], 'yes'],
    [['yes', undefined], undefined],
    [['yes', 'no'], 'no'],
    [[undefined, 'no'], 'no'],
  ] as const)('%o together: %s', (answers, joined) => {
    expect(joinAnswers(answers)).toBe(joined);
  });
});
