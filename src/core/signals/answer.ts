import type { Reading } from '../observation/reading.ts';
import type { Labels, Sample, Series } from './samples.ts';

/** What a Prometheus query evaluates to. */
export type Answer =
  | { readonly kind: 'scalar'; readonly sample: Sample }
  | {
      readonly kind: 'vector';
      readonly elements: readonly { readonly labels: Labels; readonly sample: Sample }[];
    }
  | { readonly kind: 'matrix'; readonly series: readonly Series[] }
  | { readonly kind: 'string'; readonly text: string };

/** The one number that a Query gate asks for, `at` ms since the epoch by our clock. */
export function readNumber(answer: Answer, at: number): Reading<number> {
  switch (answer.kind) {
    case 'scalar':
      return readValue(answer.sample.value, at);
    case 'vector': {
      const [only, ...others] = answer.elements;
      if (only === undefined) return { kind: 'missing', detail: 'the query matches no series' };
      if (others.length === 0) return readValue(only.sample.value, at);
      const detail = `the query yields ${answer.elements.length} series, one is wanted; aggregate them, such as sum(…)`;
      return { kind: 'invalid', at, detail };
    }
    case 'matrix':
      return {
        kind: 'invalid',
        at,
        detail: 'the query yields a range, one number is wanted; such as rate(…) over it',
      };
    case 'string':
      return { kind: 'invalid', at, detail: 'the query yields text, one number is wanted' };
  }
}

function readValue(value: number, at: number): Reading<number> {
  if (Number.isFinite(value)) return { kind: 'value', value, at };
  const why = Number.isNaN(value)
    ? 'NaN (a division of zero by zero, most often: no traffic)'
    : String(value);
  return { kind: 'invalid', at, detail: `the query yields ${why}` };
}
