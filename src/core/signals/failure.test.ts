import { describe, expect, test } from 'vitest';
import { isFailedCode, isFailedGrpcStatus } from './failure.ts';

describe('failures', () => {
  // Measured: Envoy 1.40 counted these as `rq_error` of the host and the others as `rq_success`.
  test('are the gRPC statuses that Envoy counts as errors of the host', () => {
    const all = Array.from({ length: 17 }, (_, status) => status);
    expect(all.filter(isFailedGrpcStatus)).toEqual([2, 4, 12, 13, 14, 15]);
  });

  test.each([
    ['0', false],
    ['13', true],
    ['8', false],
    ['17', true],
    ['200', false],
    ['429', false],
    ['503', true],
    ['OK', false],
    ['INTERNAL', true],
    ['Unavailable', true],
    ['DeadlineExceeded', true],
    ['RESOURCE_EXHAUSTED', false],
    ['InvalidArgument', false],
    ['', false],
  ])('code %j: %s', (code, failed) => {
    expect(isFailedCode(code)).toBe(failed);
  });
});
