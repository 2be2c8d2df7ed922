import { describe, expect, it } from 'vitest';
import { CallFailed, endOf, statusFields } from './status.ts';

describe('a status', () => {
  it.each([
    ['plain words', 'plain words'],
    ['100 %', '100 %25'],
    ['zwölf\n', 'zw%C3%B6lf%0A'],
    ['€😀', '%E2%82%AC%F0%9F%98%80'],
  ])('says "%s" in ASCII', (message, encoded) => {
    expect(statusFields({ code: 'NOT_FOUND', message })).toEqual({
      'grpc-status': '5',
      'grpc-message': encoded,
    });
  });

  it('says no more than clients take as headers', () => {
    expect(statusFields({ code: 'INTERNAL', message: 'x'.repeat(100_000) })['grpc-message']).toHaveLength(
      1_000,
    );
  });

  it.each([
    [new CallFailed('ABORTED', 'not now'), { code: 'ABORTED', message: 'not now' }],
    [new Error('a bug'), { code: 'INTERNAL', message: 'a bug' }],
    ['words', { code: 'INTERNAL', message: 'words' }],
  ])('is found for what was thrown: %s', (thrown, end) => {
    expect(endOf(thrown)).toMatchObject(end);
  });
});
