import type { ModelRollout } from '../api/model-rollout.ts';
import type { Answer, RolloutDecision } from '../policy/rollout/decision.ts';
import { planStages } from '../policy/rollout/plan.ts';

type RolloutHook = ModelRollout['spec']['analysis']['webhooks'][number];
type AskType = RolloutDecision['asks'][number]['type'];

/** One receiver to be asked one thing. */
export interface Question {
  /** Of the rollout's ask; several receivers may have to answer the same one. */
  readonly key: string;
  readonly type: AskType;
  /** `NAMESPACE/NAME`. */
  readonly rollout: string;
  readonly hook: RolloutHook;
  /** What it is sent, as JSON. */
  readonly payload: object;
}

/** What is to be asked for a decision; nothing while the rollout waits for nobody. */
export function questionsOf(
  rollout: ModelRollout,
  decision: RolloutDecision,
  nowMs: number,
): readonly Question[] {
  const { namespace, name } = rollout.metadata;
  return decision.asks.flatMap(({ key, type }) =>
    rollout.spec.analysis.webhooks
      .filter((hook) => hook.type === type)
      .map((hook) => ({
        key,
        type,
        hook,
        rollout: `${namespace}/${name}`,
        payload: payloadOf(rollout, decision, { key, type }, nowMs),
      })),
  );
}

/**
 * What a receiver's answer means: 2xx is a yes, unless the body says `{"allow": false}`; 4xx is a no. Everything
 * else is no answer: it is asked again.
 */
export function readAnswer(status: number, body: string): Answer | undefined {
  if (status >= 200 && status < 300) return isRefusal(body) ? 'no' : 'yes';
  return status >= 400 && status < 500 ? 'no' : undefined;
}

/** All receivers of a key must say yes; one no is enough for a no. Undefined: somebody has not answered. */
export function joinAnswers(answers: readonly (Answer | undefined)[]): Answer | undefined {
  if (answers.includes('no')) return 'no';
  return answers.length > 0 && answers.every((answer) => answer === 'yes') ? 'yes' : undefined;
}

function isRefusal(body: string): boolean {
  try {
    const said: unknown = JSON.parse(body);
    return typeof said === 'object' && said !== null && 'allow' in said && said.allow === false;
  } catch {
    return false;
  }
}

/** Weights are percent of the traffic, in the slice where the rollout has one. */
function payloadOf(
  { metadata, spec }: ModelRollout,
  { state, evidence }: RolloutDecision,
  ask: { readonly key: string; readonly type: AskType },
  nowMs: number,
): object {
  const stages = planStages(spec.strategy);
  const { namespace, name } = metadata;
  return {
    ...ask,
    rollout: { namespace, name },
    service: { namespace, name: spec.targetRef.name },
    stable: spec.stable,
    candidate: spec.candidate,
    phase: state.phase,
    step: state.stage + 1,
    steps: stages.length,
    weight: state.candidateWeight / 100,
    nextWeight: (stages[state.stage + 1]?.weight ?? state.candidateWeight) / 100,
    askedAt: new Date(nowMs).toISOString(),
    evidence: evidence.map(({ points: _, ...figures }) => figures),
  };
}
