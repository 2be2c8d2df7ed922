import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BatchQueue, type Queued } from './queue.ts';

interface Named extends Queued {
  readonly name: string;
}

const entry = (name: string, more: Partial<Queued> = {}): Named => ({
  name,
  group: 'a',
  rows: 1,
  priority: 100,
  deadlineMs: Number.POSITIVE_INFINITY,
  ...more,
});
const names = (entries: readonly Named[]) => entries.map(({ name }) => name).join('');

function queueOf(capacity: number, ...entries: Named[]): BatchQueue<Named> {
  const queue = new BatchQueue<Named>(capacity);
  for (const one of entries) queue.push(one);
  return queue;
}

describe('a batch queue', () => {
  it('gives the oldest first', () => {
    expect(names(queueOf(9, entry('a'), entry('b'), entry('c')).take(2, 0).batch)).toBe('ab');
  });

  it('gives the more urgent first, however late they came', () => {
    const queue = queueOf(9, entry('a'), entry('b'), entry('c', { priority: 1 }));
    expect(names(queue.take(2, 0).batch)).toBe('ca');
  });

  it('counts rows, not calls', () => {
    const queue = queueOf(9, entry('a', { rows: 3 }), entry('b', { rows: 2 }), entry('c', { rows: 1 }));
    expect(names(queue.take(4, 0).batch)).toBe('ac');
    expect(names(queue.take(4, 0).batch)).toBe('b');
  });

  it('lets a call that is larger than a batch go alone', () => {
    expect(names(queueOf(9, entry('a', { rows: 9 }), entry('b')).take(4, 0).batch)).toBe('a');
  });

  it('never puts two groups together', () => {
    const queue = queueOf(9, entry('a'), entry('b', { group: 'b' }), entry('c'));
    expect(names(queue.take(4, 0).batch)).toBe('ac');
    expect(names(queue.take(4, 0).batch)).toBe('b');
  });

  it('sorts out what is too late', () => {
    const queue = queueOf(9, entry('a', { deadlineMs: 5 }), entry('b', { deadlineMs: 6 }), entry('c'));
    const { batch, expired } = queue.take(4, 5);
    expect([names(batch), names(expired)]).toEqual(['bc', 'a']);
  });

  it('refuses the newest when it is full', () => {
    const queue = queueOf(2, entry('a'), entry('b'));
    expect(queue.push(entry('c'))?.name).toBe('c');
    expect(queue.length).toBe(2);
  });

  it('lets a more urgent call take the place of a less urgent one when it is full', () => {
    const queue = queueOf(2, entry('a'), entry('b'));
    expect(queue.push(entry('c', { priority: 1 }))?.name).toBe('b');
    expect(names(queue.take(9, 0).batch)).toBe('ca');
  });

  it('forgets a call whose caller has gone', () => {
    const gone = entry('a');
    const queue = queueOf(9, gone, entry('b'));
    expect([queue.remove(gone), queue.remove(gone)]).toEqual([true, false]);
    expect(names(queue.take(9, 0).batch)).toBe('b');
  });

  it('loses and doubles nothing, and overfills no batch, whatever comes', () => {
    const arrivals = fc.array(
      fc.record({
        group: fc.constantFrom('a', 'b'),
        rows: fc.integer({ min: 1, max: 8 }),
        priority: fc.integer({ min: 1, max: 3 }),
        deadlineMs: fc.constantFrom(1, Number.POSITIVE_INFINITY),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(
        arrivals,
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 40 }),
        (all, maxRows, capacity) => {
          const queue = new BatchQueue<Named>(capacity);
          const pushed = all.map((one, index) => entry(`${index}`, one));
          const out = pushed.map((one) => queue.push(one)).filter((one) => one !== undefined);
          while (queue.length > 0) {
            const { batch, expired } = queue.take(maxRows, 1);
            const rows = batch.reduce((sum, one) => sum + one.rows, 0);
            expect(rows <= maxRows || batch.length === 1).toBe(true);
            expect(new Set(batch.map(({ group }) => group)).size).toBeLessThanOrEqual(1);
            out.push(...batch, ...expired);
          }
          expect(new Set(out)).toEqual(new Set(pushed));
          expect(out.length).toBe(pushed.length);
        },
      ),
    );
  });
});
