import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { judgeObject } from '../../core/admission/judge-object.ts';
import { findingText } from '../../core/api/accept-objects.ts';
import type { ApiObject } from '../../core/api/kinds.ts';
import { inject } from '../../core/injection/inject.ts';
import { readPod } from '../../core/injection/pod.ts';
import type { InjectionSettings } from '../../core/injection/settings.ts';
import { type AdmissionAnswer, type AdmissionRequest, answerReview, readReview } from './admission-review.ts';

/** What the webhooks need. */
export interface WebhookSources {
  readonly injection: () => InjectionSettings;
  /** Objects of ours that the cluster has. */
  readonly objects: () => readonly ApiObject[];
  /** Told of each answer, for metrics. */
  readonly answered: (webhook: 'inject' | 'validate', outcome: 'changed' | 'allowed' | 'denied') => void;
}

/** An object is 1.5 MiB at most in etcd; a review carries it twice. */
const LARGEST_REVIEW_BYTES = 8 << 20;

/** The admission webhooks: `/inject/by-pod`, `/inject/by-namespace`, `/validate`. */
export function webhooks(sources: WebhookSources): Hono {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: LARGEST_REVIEW_BYTES }));
  const serve = (
    path: string,
    webhook: 'inject' | 'validate',
    answer: (asked: AdmissionRequest) => AdmissionAnswer,
  ) =>
    app.post(path, async (c) => {
      const asked = readReview(await c.req.json().catch(() => undefined));
      if (asked === undefined) return c.text('an AdmissionReview of admission.k8s.io/v1 is needed', 400);
      const answered = answer(asked);
      const changed = answered.allowed && (answered.patch?.length ?? 0) > 0;
      sources.answered(webhook, changed ? 'changed' : answered.allowed ? 'allowed' : 'denied');
      return c.json(answerReview(asked.uid, answered));
    });
  serve('/inject/by-pod', 'inject', (asked) => injectInto(asked, 'pod', sources.injection()));
  serve('/inject/by-namespace', 'inject', (asked) => injectInto(asked, 'namespace', sources.injection()));
  serve('/validate', 'validate', (asked) => validate(asked, sources.objects()));
  return app;
}

function injectInto(
  { uid, namespace, object }: AdmissionRequest,
  selectedBy: 'pod' | 'namespace',
  settings: InjectionSettings,
): AdmissionAnswer {
  const pod = readPod(object);
  // Of the API server it is; but whoever reaches the port may ask.
  if (pod === undefined) return { allowed: false, message: 'the object is no pod' };
  const patch = inject({ pod, namespace, selectedBy, uid }, settings);
  if ('findings' in patch) return { allowed: false, message: patch.findings.map(findingText).join('\n') };
  return { allowed: true, patch };
}

function validate({ object }: AdmissionRequest, others: readonly ApiObject[]): AdmissionAnswer {
  const { errors, warnings } = judgeObject(object, others);
  if (errors.length === 0) return { allowed: true, warnings };
  return { allowed: false, message: errors.join('\n'), warnings };
}
