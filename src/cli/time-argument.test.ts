import { expect, it } from 'vitest';
import { parseTime } from './time-argument.ts';

const NOW = Date.UTC(2026, 10, 21, 14);

it.each([
  ['2026-11-21T13:00:00Z', NOW - 3_600_000],
  ['2026-11-21T14:00:00+01:00', NOW - 3_600_000],
  [String(NOW / 1000), NOW],
  ['1800000000.5', 1_800_000_000_500],
  ['now', NOW],
  ['now-30m', NOW - 1_800_000],
  ['now-', undefined],
  ['now-soon', undefined],
  ['yesterday', undefined],
  ['2026-13-41T99:00:00Z', undefined],
  ['12', undefined],
])('%s', (text, at) => {
  expect(parseTime(text, NOW)).toBe(at);
});
