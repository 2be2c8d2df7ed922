import * as z from 'zod';

const review = z.looseObject({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.looseObject({
    uid: z.string(),
    namespace: z.string().optional(),
    operation: z.string(),
    object: z.unknown(),
  }),
});

/** What the API server asks before it stores an object. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly namespace: string;
  readonly operation: string;
  readonly object: unknown;
}

/** What it is answered. */
export type AdmissionAnswer = { readonly warnings?: readonly string[] } & (
  | { readonly allowed: true; readonly patch?: readonly object[] }
  | { readonly allowed: false; readonly message: string }
);

/** Longer ones are cut by the API server. */
const LONGEST_WARNING = 256;

/** Reads an AdmissionReview v1. @returns undefined when it is none */
export function readReview(body: unknown): AdmissionRequest | undefined {
  const parsed = review.safeParse(body);
  if (!parsed.success) return undefined;
  const { uid, namespace = '', operation, object } = parsed.data.request;
  return { uid, namespace, operation, object };
}

/** The AdmissionReview that answers one. */
export function answerReview(uid: string, answer: AdmissionAnswer): object {
  const { allowed, warnings = [] } = answer;
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      ...(warnings.length === 0 ? {} : { warnings: warnings.map((each) => each.slice(0, LONGEST_WARNING)) }),
      ...(answer.allowed
        ? patchOf(answer.patch)
        : { status: { code: 422, reason: 'Invalid', message: answer.message } }),
    },
  };
}

function patchOf(patch: readonly object[] | undefined): object {
  if (patch === undefined || patch.length === 0) return {};
  return { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
}
