import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAnswer, pauseMs } from './answer.ts';

const answer = (status: number, body = '', retryAfter?: string) => ({ status, body, retryAfter });

describe('an answer means', () => {
  it.each([
    ['generic', answer(204), 'delivered'],
    ['slack', answer(200, 'ok'), 'delivered'],
    ['slack', answer(404, 'no_service'), 'refused'],
    ['teams', answer(202), 'delivered'],
    [
      'teams',
      answer(
        200,
        'Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429',
      ),
      'retry',
    ],
    ['pagerduty', answer(202, '{"status":"success"}'), 'delivered'],
    ['pagerduty', answer(400, '{"status":"invalid event"}'), 'refused'],
    ['dingtalk', answer(200, '{"errcode":0,"errmsg":"ok"}'), 'delivered'],
    ['dingtalk', answer(200, '{"errcode":310000,"errmsg":"sign not match"}'), 'refused'],
    ['dingtalk', answer(200, '{"errcode":130101,"errmsg":"send too fast"}'), 'retry'],
    ['wecom', answer(200, '{"errcode":45009,"errmsg":"api freq out of limit"}'), 'retry'],
    ['wecom', answer(200, '{"errcode":-1,"errmsg":"system busy"}'), 'retry'],
    ['wecom', answer(200, '{"errcode":93000,"errmsg":"invalid webhook url"}'), 'refused'],
    ['wecom', answer(200, '<html>'), 'refused'],
    ['generic', answer(302), 'refused'],
    ['generic', answer(408), 'retry'],
    ['generic', answer(503), 'retry'],
  ] as const)('%s %o: %s', (format, given, kind) => {
    expect(judgeAnswer(format, given).kind).toBe(kind);
  });

  it.each([
    ['7', 7_000],
    ['100000', 300_000],
    ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
    [undefined, 0],
  ])('retry-after %s: a wait of %i ms', (header, afterMs) => {
    expect(judgeAnswer('slack', answer(429, 'slow down', header))).toEqual({
      kind: 'retry',
      why: '429 slow down',
      afterMs,
    });
  });
});

it('pauses double, up to a minute, and lie apart', () => {
  expect([1, 2, 3, 20].map((failures) => pauseMs(failures, 0.9999))).toEqual([500, 1_000, 2_000, 59_997]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, draw) => {
        const pause = pauseMs(failures, draw);
        expect(pause).toBeGreaterThanOrEqual(250);
        expect(pause).toBeLessThanOrEqual(60_000);
      },
    ),
  );
});
