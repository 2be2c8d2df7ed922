import { afterEach, expect, it, vi } from 'vitest';
import { ApiError } from './api-error.ts';
import { WriteQueue } from './write-queue.ts';

const failures: string[] = [];
let queue: WriteQueue;

function open(options: { perSecond?: number; concurrency?: number } = {}): WriteQueue {
  queue = new WriteQueue({
    perSecond: 1000,
    concurrency: 2,
    ...options,
    onFailure: (key) => failures.push(key),
  });
  return queue;
}

afterEach(() => {
  queue.close();
  failures.length = 0;
});

it('writes the newest for a key, and not what it took the place of', async () => {
  const written: string[] = [];
  const slow = open();
  for (const text of ['a', 'b', 'c']) slow.put('key', async () => void written.push(text), 30);
  await slow.drain(1000);
  expect(written).toEqual(['c']);
});

it('never writes the same key twice at once', async () => {
  let atOnce = 0;
  let most = 0;
  const write = async (): Promise<void> => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 10));
    atOnce--;
  };
  const one = open();
  one.put('key', write);
  one.put('key', write);
  await one.drain(1000);
  expect(most).toBe(1);
});

it('tries again what failed, and gives up what is gone', async () => {
  const attempts = { failing: 0, gone: 0 };
  const patient = open();
  patient.put('failing', async () => {
    if (++attempts.failing === 1) throw new ApiError(500, 'not now');
  });
  patient.put('gone', async () => {
    attempts.gone++;
    throw new ApiError(404, 'gone');
  });
  await vi.waitFor(() => expect(attempts.failing).toBe(2), 2000);
  expect(attempts.gone).toBe(1);
  expect(failures).toEqual(['failing']);
});

it('keeps to its rate', async () => {
  const at: number[] = [];
  const bounded = open({ perSecond: 50, concurrency: 8 });
  for (let key = 0; key < 70; key++) bounded.put(String(key), async () => void at.push(performance.now()));
  await bounded.drain(3000);
  // A second's may be used up at once: 20 of them wait 20 ms each.
  expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThan(300);
});
