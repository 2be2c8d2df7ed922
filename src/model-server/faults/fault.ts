import { z } from 'zod';
import { Problem, type ProblemCode } from '../protocol/problem.ts';

const CODES = [
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const satisfies readonly ProblemCode[];

const faultSchema = z.strictObject({
  /** Share of the calls that fail. */
  failPercent: z.number().min(0).max(100).default(0),
  code: z.enum(CODES).default('INTERNAL'),
  /** Added before each call. */
  delayMs: z.number().min(0).default(0),
  /** Share of the calls that are delayed. */
  delayPercent: z.number().min(0).max(100).default(100),
  /** Only calls for this model and version; all when absent. */
  model: z.string().optional(),
  version: z.string().optional(),
});

/** A fault that is put into calls on purpose, for demonstrations and tests. */
export type Fault = z.infer<typeof faultSchema>;

/** No fault at all. */
export const NO_FAULT: Fault = { failPercent: 0, code: 'INTERNAL', delayMs: 0, delayPercent: 100 };

/** What a fault does to one call. */
export interface FaultEffect {
  readonly delayMs: number;
  readonly failure?: Problem;
}

/**
 * Reads a fault from parsed JSON, such as `{"failPercent": 30, "code": "INTERNAL", "delayMs": 0}`.
 * Throws INVALID_ARGUMENT naming each field that is wrong.
 */
export function parseFault(value: unknown): Fault {
  const result = faultSchema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'fault'}: ${issue.message}`);
  throw new Problem('INVALID_ARGUMENT', issues.join('; '));
}

/** What becomes of one call, given two draws from 0…1: one for the delay, one for the failure. */
export function decideEffect(fault: Fault, draws: readonly [number, number]): FaultEffect {
  const delayMs = draws[0] * 100 < fault.delayPercent ? fault.delayMs : 0;
  if (draws[1] * 100 >= fault.failPercent) return { delayMs };
  return { delayMs, failure: new Problem(fault.code, 'a fault was put into this call on purpose') };
}

/** Draws from 0…1 that are the same for the same seed (mulberry32). */
export function seededDraws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
