import * as z from 'zod';
import { defaulted } from './field.ts';
import { headerName, requestPath } from './name.ts';
import { record, requireOneOf } from './record.ts';

const headerMatch = requireOneOf(
  record({
    name: headerName().describe('The header (gRPC: metadata key).'),
    value: z.string().exactOptional().describe('The exact value.'),
    prefix: z.string().min(1).exactOptional().describe('How the value begins.'),
    regex: z.string().min(1).exactOptional().describe('An RE2 expression for the whole value.'),
    present: z.literal(true).exactOptional().describe('Any value, as long as the header is there.'),
  }),
  ['value', 'prefix', 'regex', 'present'],
  'exactly',
);

/** A condition on a request: every part that is given must hold. In a list of matches one must hold. */
export const requestMatch = requireOneOf(
  record({
    path: requestPath().exactOptional().describe('The exact path; for gRPC `/package.Service/Method`.'),
    pathPrefix: requestPath().exactOptional().describe('How the path begins.'),
    headers: z.array(headerMatch).min(1).exactOptional().describe('Headers, all of which must match.'),
  }),
  ['path', 'pathPrefix', 'headers'],
  'atLeast',
);

export type RequestMatch = z.output<typeof requestMatch>;

/** What tells one caller from another, for stickiness and affinity. */
export const callerKey = requireOneOf(
  record({
    header: headerName().exactOptional().describe('The value of this header (gRPC: metadata key).'),
    sourceIp: z.literal(true).exactOptional().describe("The caller's address."),
  }),
  ['header', 'sourceIp'],
  'exactly',
);

export type CallerKey = z.output<typeof callerKey>;

/** One part of the key by which requests are counted against a limit. */
export const limitKey = requireOneOf(
  record({
    header: headerName().exactOptional().describe('Each value of this header is counted by itself.'),
    sourceIp: z.literal(true).exactOptional().describe("Each caller's address is counted by itself."),
    method: z
      .literal(true)
      .exactOptional()
      .describe('Each method (the path of the request) is counted by itself.'),
    version: z.literal(true).exactOptional().describe('Each version of the service is counted by itself.'),
  }),
  ['header', 'sourceIp', 'method', 'version'],
  'exactly',
);

/** A list of matches that is empty unless given. */
export function matches(description: string, why: string) {
  return defaulted(z.array(requestMatch).describe(description), [], why);
}
