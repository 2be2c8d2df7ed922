import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted } from './field.ts';
import { dnsLabel, headerName } from './name.ts';
import { exactlyOneOf, record } from './record.ts';

/** The names of gRPC's statuses other than OK, at the index of their number less one. */
export const grpcErrorStatuses = [
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
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

export const fixedResponse = record({
  grpcStatus: defaulted(
    z.enum(grpcErrorStatuses).describe('The status for gRPC callers.'),
    'UNAVAILABLE',
    'callers know to try later',
  ),
  httpStatus: defaulted(
    z.int().min(200).max(599).describe('The status for HTTP callers.'),
    503,
    'callers know to try later',
  ),
  message: defaulted(
    z.string().max(1024).describe('The message (gRPC) or body (HTTP).'),
    'the model is not available',
    'says what is so',
  ),
  headers: defaulted(
    z.record(headerName(), z.string()).describe('Headers of the answer.'),
    {},
    'none are needed',
  ),
});

/** What callers get in the place of the model's answer. */
export const fallback = exactlyOneOf({
  service: dnsLabel().describe(
    'Another ModelService in the same namespace: a lighter model, or a rule service.',
  ),
  version: dnsLabel().describe('Another version of this service.'),
  response: fixedResponse.describe('A fixed answer.'),
  cached: record({
    ttl: defaulted(duration({ min: '1s' }).describe('How old an answer may be.'), '10m', 'predictions age'),
    maxEntries: defaulted(
      z.int().min(1).max(10_000_000).describe('How many answers are kept.'),
      10_000,
      'tens of megabytes',
    ),
  }).describe('The last answer to the same input, kept by `penstock fallback-cache`.'),
});
