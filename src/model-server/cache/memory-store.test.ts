import { expect, it } from 'vitest';
import { openMemoryStore } from './memory-store.ts';

const answer = (bytes: number) => new Uint8Array(bytes);
const open = (maxBytes: number) => {
  const clock = { nowMs: 0 };
  return { clock, store: openMemoryStore({ maxBytes, ttlMs: 1_000, now: () => clock.nowMs }) };
};

it('keeps an answer for its time and no longer', async () => {
  const { clock, store } = open(10_000);
  store.put('a', answer(10));
  clock.nowMs = 999;
  expect(await store.get('a')).toEqual(answer(10));
  clock.nowMs = 1_000;
  expect(await store.get('a')).toBeUndefined();
});

it('lets go what was not asked for the longest', async () => {
  const { store } = open(3_000);
  for (const key of ['a', 'b', 'c']) store.put(key, answer(700));
  await store.get('a');
  store.put('d', answer(700));
  const kept = await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (key) => (await store.get(key)) !== undefined),
  );
  expect(kept).toEqual([true, false, true, true]);
});

it('does not keep what is larger than all its room', async () => {
  const { store } = open(1_000);
  store.put('a', answer(100));
  store.put('b', answer(2_000));
  expect(await store.get('b')).toBeUndefined();
  expect(await store.get('a')).toEqual(answer(100));
});
