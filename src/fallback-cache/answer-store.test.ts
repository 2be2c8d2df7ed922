import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnswerStore, type StoredAnswer } from './answer-store.ts';

const answer = (text: string): StoredAnswer => ({ headers: [], body: Buffer.from(text), trailers: [] });
const textOf = (found: ReturnType<AnswerStore['get']>) => found?.answer.body.toString();

describe('a store of answers', () => {
  it('gives the last answer to a key, with its age', () => {
    const store = new AnswerStore(1e6);
    store.put('a', 'k', answer('old'), 10, 1000);
    store.put('a', 'k', answer('new'), 10, 2000);
    expect(textOf(store.get('a', 'k', 5000, 4500))).toBe('new');
    expect(store.get('a', 'k', 5000, 4500)?.ageMs).toBe(2500);
    expect(store.entries).toBe(1);
  });

  it('keeps services apart, and gives nothing that is too old', () => {
    const store = new AnswerStore(1e6);
    store.put('a', 'k', answer('of a'), 10, 0);
    expect(store.get('b', 'k', 1e9, 0)).toBeUndefined();
    expect(textOf(store.get('a', 'k', 100, 100))).toBe('of a');
    expect(store.get('a', 'k', 100, 101)).toBeUndefined();
  });

  it('drops the oldest of a service that has too many', () => {
    const store = new AnswerStore(1e6);
    for (let i = 0; i < 5; i++) store.put('a', `${i}`, answer(`${i}`), 3, i);
    expect([0, 1, 2, 3, 4].map((i) => textOf(store.get('a', `${i}`, 1e9, 9)))).toEqual([
      undefined,
      undefined,
      '2',
      '3',
      '4',
    ]);
  });

  it('does not keep an answer that is larger than all of it', () => {
    const store = new AnswerStore(1000);
    store.put('a', 'k', answer('x'.repeat(2000)), 10, 0);
    expect(store.bytes).toBe(0);
  });

  it('never holds more bytes or entries than it may, and says how many, whatever comes', () => {
    const put = fc.record({
      service: fc.nat(3),
      key: fc.nat(20),
      size: fc.nat(3000),
      most: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(put, { maxLength: 200 }), (puts) => {
        const store = new AnswerStore(10_000);
        puts.forEach(({ service, key, size, most }, at) => {
          store.put(`${service}`, `${key}`, answer('x'.repeat(size)), most, at);
          expect(store.bytes).toBeLessThanOrEqual(10_000);
          const held = Array.from({ length: 21 }, (_, i) => store.get(`${service}`, `${i}`, 1e9, at));
          expect(held.filter((each) => each !== undefined).length).toBeLessThanOrEqual(most);
          expect(textOf(store.get(`${service}`, `${key}`, 1e9, at))?.length).toBe(size);
        });
        expect(store.bytes > 0).toBe(store.entries > 0);
      }),
    );
  });
});
