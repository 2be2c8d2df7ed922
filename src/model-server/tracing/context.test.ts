import { expect, it } from 'vitest';
import { parseTraceparent } from './context.ts';

const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);

it.each([
  ['a sampled one', `00-${TRACE}-${SPAN}-01`, { traceId: TRACE, parentSpanId: SPAN, sampled: true }],
  [
    'one that is not sampled',
    `00-${TRACE}-${SPAN}-00`,
    { traceId: TRACE, parentSpanId: SPAN, sampled: false },
  ],
  [
    'one with flags yet unknown',
    `00-${TRACE}-${SPAN}-03`,
    { traceId: TRACE, parentSpanId: SPAN, sampled: true },
  ],
  [
    'one of a later version',
    `01-${TRACE}-${SPAN}-01-more`,
    { traceId: TRACE, parentSpanId: SPAN, sampled: true },
  ],
  ['none', undefined, undefined],
  ['a forbidden version', `ff-${TRACE}-${SPAN}-01`, undefined],
  ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`, undefined],
  ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`, undefined],
  ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`, undefined],
  ['capital letters', `00-${TRACE.toUpperCase()}-${SPAN}-01`, undefined],
])('traceparent: %s', (_what, header, expected) => {
  expect(parseTraceparent(header)).toEqual(expected);
});
