import { describe, expect, it } from 'vitest';
import { parseFile } from './parse.ts';

/** Each case: what is wrong, the spec with it on a line of its own, and the problem as `line: path: wrong; right`. */
type Case = readonly [what: string, line: string, problem: string];

const head = 'apiVersion: penstock.dev/v1alpha1\nkind: TrafficPolicy\nmetadata: {name: a}\nspec:\n';

function problemsOf(text: string): string[] {
  return parseFile('f', text).problems.map((it) => `${it.line}: ${it.path}: ${it.message}; ${it.hint}`);
}

describe('a TrafficPolicy with a wrong value', () => {
  const cases: readonly Case[] = [
    [
      'an unknown preset',
      'breaker: {preset: cor}',
      '6: spec.breaker.preset: is "cor"; did you mean "core": one of core, auxiliary, realtime, batch',
    ],
    [
      'a threshold over all',
      'breaker: {errorThresholdPercent: 101}',
      '6: spec.breaker.errorThresholdPercent: is 101; at most 100',
    ],
    [
      'a window too short',
      'breaker: {window: 500ms}',
      '6: spec.breaker.window: 500ms is out of range; from 1s to 1h',
    ],
    [
      'a recovery that falls',
      'breaker: {recovery: {steps: [50, 25, 100]}}',
      '6: spec.breaker.recovery.steps[1]: 25 does not rise; more than the 50 before it',
    ],
    [
      'a recovery that stays',
      'breaker: {recovery: {steps: [10, 50]}}',
      '6: spec.breaker.recovery.steps: ends at 50; 100 as the last step',
    ],
    [
      'two fallbacks',
      'breaker: {fallback: {service: s, version: v1}}',
      '6: spec.breaker.fallback: service and version exclude each other; exactly one of service, version, response, cached',
    ],
    [
      'an unknown status',
      'breaker: {fallback: {response: {grpcStatus: UNAVAILBLE}}}',
      '6: spec.breaker.fallback.response.grpcStatus: is "UNAVAILBLE"; did you mean "UNAVAILABLE": one of CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED',
    ],
    [
      'a header in upper case',
      'breaker: {fallback: {response: {headers: {X-A: b}}}}',
      '6: spec.breaker.fallback.response.headers.X-A: "X-A" is not a header\'s name; lower case without spaces, such as "x-user-id"',
    ],
    [
      'an ejection of no error',
      'outlierDetection: {consecutiveErrors: 0}',
      '6: spec.outlierDetection.consecutiveErrors: is 0; at least 1',
    ],
    ['a gain over one', 'balancing: {gain: 1.5}', '6: spec.balancing.gain: is 1.5; at most 1'],
    [
      'a limit of nothing',
      'rateLimits: [{name: l}]',
      '6: spec.rateLimits[0]: nothing is chosen; exactly one of requestsPerSecond, adaptive',
    ],
    [
      'a limit of zero',
      'rateLimits: [{name: l, requestsPerSecond: 0}]',
      '6: spec.rateLimits[0].requestsPerSecond: is 0; more than 0',
    ],
    [
      'a burst of an adaptive limit',
      'rateLimits: [{name: l, burst: 5, adaptive: {signal: Queue, target: 5}}]',
      '6: spec.rateLimits[0].burst: has no meaning for an adaptive rate; leave it out',
    ],
    [
      'a queue in milliseconds',
      'rateLimits: [{name: l, adaptive: {signal: Queue, target: 5ms}}]',
      '6: spec.rateLimits[0].adaptive.target: is "5ms"; a number',
    ],
    [
      'an unknown signal',
      'rateLimits: [{name: l, adaptive: {signal: latency, target: 5ms}}]',
      '6: spec.rateLimits[0].adaptive.signal: is "latency"; did you mean "Latency": one of Latency, Queue',
    ],
    [
      'bounds that cross',
      'rateLimits: [{name: l, adaptive: {signal: Queue, target: 5, maxRequestsPerSecond: 1}}]',
      '6: spec.rateLimits[0].adaptive.maxRequestsPerSecond: is less than minRequestsPerSecond (10); at least as much',
    ],
    [
      'replicas that cross',
      'scaling: {requestsPerSecondPerReplica: 500, maxReplicas: 1}',
      '6: spec.scaling.maxReplicas: is less than minReplicas; at least minReplicas',
    ],
  ];
  it.each(cases)('with %s', (_, line, problem) => {
    expect(problemsOf(`${head}  targetRef: {name: s}\n  ${line}\n`)).toEqual([problem]);
  });

  it('that targets another kind', () => {
    expect(problemsOf(`${head}  targetRef: {kind: Service, name: s}\n`)).toEqual([
      '5: spec.targetRef.kind: is "Service"; "ModelService"',
    ]);
  });
});
