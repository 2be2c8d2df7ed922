import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CounterBook,
  type CounterRules,
  countSamples,
  EMPTY_BOOK,
  scrapeIntervalMs,
} from './counter-book.ts';
import type { Labels, Sample, Series } from './samples.ts';

const rules: CounterRules = {
  dimensions: new Set(['code']),
  leads: ({ __name__ }) => __name__ === 'all',
};

const POD = { job: 'any', instance: 'a:1' };

function series(labels: Labels, ...samples: readonly (readonly [at: number, value: number])[]): Series {
  return { labels, samples: samples.map(([at, value]) => ({ at, value })) };
}

const failed = (...samples: readonly (readonly [number, number])[]) =>
  series({ __name__: 'answers', code: '13', ...POD }, ...samples);
const leader = (...samples: readonly (readonly [number, number])[]) =>
  series({ __name__: 'all', ...POD }, ...samples);

type Look = readonly [at: number, found: readonly Series[]];

/** Looks one after the other; what was counted of `answers` at each. */
function look(looks: readonly Look[]): number[] {
  let book: CounterBook = EMPTY_BOOK;
  return looks.map(([at, found]) => {
    const counted = countSamples(book, found, at, rules);
    book = counted.book;
    return counted.increments
      .filter(({ labels }) => labels.__name__ === 'answers')
      .reduce((sum, { delta }) => sum + delta, 0);
  });
}

describe('countSamples', () => {
  const cases: readonly [name: string, looks: readonly Look[], counted: readonly number[]][] = [
    ['the first look only sets the baseline', [[20, [failed([10, 5], [15, 9])]]], [0]],
    [
      'growth since the previous look',
      [
        [20, [failed([15, 9])]],
        [30, [failed([15, 9], [25, 12])]],
      ],
      [0, 3],
    ],
    [
      'nothing twice, however looks overlap',
      [
        [20, [failed([15, 9])]],
        [30, [failed([10, 1], [15, 9], [25, 12])]],
        [31, [failed([10, 1], [15, 9], [25, 12])]],
        [32, [failed([25, 12])]],
      ],
      [0, 3, 0, 0],
    ],
    [
      'a counter that fell counts from zero',
      [
        [20, [failed([15, 9])]],
        [30, [failed([15, 9], [25, 2])]],
      ],
      [0, 2],
    ],
    [
      'two restarts between two looks, both seen',
      [
        [20, [failed([15, 9])]],
        [60, [failed([15, 9], [25, 2], [35, 1], [45, 4])]],
      ],
      [0, 2 + 1 + 3],
    ],
    [
      'a restart that only the leader shows',
      [
        [20, [leader([15, 100]), failed([15, 2])]],
        [30, [leader([15, 100], [25, 30]), failed([15, 2], [25, 7])]],
      ],
      [0, 7],
    ],
    [
      'a leader that grows is no restart',
      [
        [20, [leader([15, 100]), failed([15, 2])]],
        [30, [leader([15, 100], [25, 130]), failed([15, 2], [25, 7])]],
      ],
      [0, 5],
    ],
    [
      'a series born since the previous scrape of its target counts from zero',
      [
        [20, [leader([15, 100])]],
        [30, [leader([15, 100], [25, 130]), failed([25, 7])]],
      ],
      [0, 7],
    ],
    [
      'a series that comes with its target may be old: its first sample is the baseline',
      [
        [20, []],
        [30, [failed([25, 1000])]],
        [40, [failed([25, 1000], [35, 1001])]],
      ],
      [0, 0, 1],
    ],
    [
      'a new target counts from the previous look on',
      [
        [20, []],
        [40, [failed([12, 3], [17, 5], [25, 10], [35, 11])]],
      ],
      [0, 5 + 1],
    ],
    [
      'NaN is skipped',
      [
        [20, [failed([15, 9])]],
        [40, [failed([15, 9], [25, Number.NaN], [35, 12])]],
      ],
      [0, 3],
    ],
    [
      'a gap is bridged',
      [
        [20, [failed([15, 9])]],
        [90, [failed([85, 12])]],
      ],
      [0, 3],
    ],
    [
      'what vanished and came back',
      [
        [20, [failed([15, 9])]],
        [30, []],
        [60, [failed([55, 12])]],
      ],
      [0, 0, 3],
    ],
  ];
  test.each(cases)('%s', (_, looks, counted) => {
    expect(look(looks)).toEqual(counted);
  });

  test('a newest sample that is no count is kept to be told, until the next good one', () => {
    const first = countSamples(EMPTY_BOOK, [failed([15, 9], [20, Number.NaN])], 20, rules).book;
    const of = (book: CounterBook) =>
      [...book.groups.values()].flatMap(({ series: all }) => [...all.values()])[0];
    expect(of(first)?.unusable).toEqual({ at: 20, value: Number.NaN });
    expect(of(countSamples(first, [], 22, rules).book)?.unusable).toEqual({ at: 20, value: Number.NaN });
    expect(of(countSamples(first, [failed([25, 10])], 25, rules).book)?.unusable).toBeUndefined();
  });

  test('the scrape interval is the median of the spacings: a missed scrape does not move it', () => {
    const samples = [0, 5, 10, 20, 25, 30].map((at) => [at * 1000, 1] as const);
    const { book } = countSamples(EMPTY_BOOK, [failed(...samples)], 30_000, rules);
    expect([...book.groups.values()].map(scrapeIntervalMs)).toEqual([5000]);
  });

  test('a target that is gone for long is forgotten', () => {
    const { book } = countSamples(EMPTY_BOOK, [failed([0, 1])], 0, rules);
    expect(countSamples(book, [], 14 * 60_000, rules).book.groups.size).toBe(1);
    expect(countSamples(book, [], 16 * 60_000, rules).book.groups.size).toBe(0);
  });
});

describe('for any history of a process and any looks at it', () => {
  const SCRAPE_MS = 5000;

  interface Scrape {
    readonly failures: Sample;
    readonly all: Sample;
    /** Failures since the scrape before. */
    readonly truth: number;
    /** Whether the leader shows what happened since: it fell if the process restarted. */
    readonly shows: boolean;
  }

  const step = fc.record({ failed: fc.nat(50), passed: fc.nat(500), restarted: fc.boolean() });

  /** Scrapes of one process, which restarts now and then. */
  const history = (restarts: boolean) =>
    fc.array(step, { minLength: 2, maxLength: 40 }).map((steps): readonly Scrape[] => {
      let [failures, all] = [0, 0];
      return steps.map(({ failed: failing, passed, restarted }, index) => {
        const before = all;
        if (restarts && restarted) [failures, all] = [0, 0];
        failures += failing;
        all += failing + passed;
        const at = (index + 1) * SCRAPE_MS;
        const shows = !(restarts && restarted) || all < before;
        return { failures: { at, value: failures }, all: { at, value: all }, truth: failing, shows };
      });
    });

  const looks = fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 60 });

  /** Looks after these gaps and once at the end; all failures that were counted. */
  function countWith(scrapes: readonly Scrape[], gaps: readonly number[]): number {
    let book: CounterBook = EMPTY_BOOK;
    let counted = 0;
    let at = SCRAPE_MS;
    for (const gap of [0, ...gaps, 1e6]) {
      const from = at - SCRAPE_MS;
      at += gap;
      const seen = scrapes.filter(({ all }) => all.at >= from && all.at <= at);
      const found = [
        { labels: { __name__: 'all', ...POD }, samples: seen.map(({ all }) => all) },
        {
          labels: { __name__: 'answers', code: '13', ...POD },
          samples: seen.map(({ failures }) => failures),
        },
      ];
      const looked = countSamples(book, found, at, rules);
      book = looked.book;
      for (const { delta, labels } of looked.increments) {
        expect(delta).toBeGreaterThanOrEqual(0);
        if (labels.__name__ === 'answers') counted += delta;
      }
    }
    return counted;
  }

  const happened = (scrapes: readonly Scrape[]) =>
    scrapes.slice(1).reduce((sum, { truth }) => sum + truth, 0);

  test('increments are never negative, and none is counted twice or lost', () => {
    fc.assert(
      fc.property(history(false), looks, (scrapes, gaps) => {
        expect(countWith(scrapes, gaps)).toBe(happened(scrapes));
      }),
    );
  });

  test('with restarts any looks count the same: all of it where the leader shows each restart, never more', () => {
    fc.assert(
      fc.property(history(true), looks, looks, (scrapes, one, other) => {
        const counted = countWith(scrapes, one);
        expect(countWith(scrapes, other)).toBe(counted);
        expect(counted).toBeLessThanOrEqual(happened(scrapes));
        if (scrapes.slice(1).every(({ shows }) => shows)) expect(counted).toBe(happened(scrapes));
      }),
    );
  });
});
