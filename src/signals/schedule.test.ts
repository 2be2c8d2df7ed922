import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Schedule, type Task } from './schedule.ts';

function scheduleOf(concurrency: number): Schedule {
  const schedule = new Schedule(concurrency);
  onTestFinished(() => schedule.close());
  return schedule;
}

/** A task that counts its runs and ends each when it is told to. */
function gated(key: string, log: string[], periodMs = 1) {
  const ends: (() => void)[] = [];
  const task: Task = {
    key,
    periodMs: () => periodMs,
    run: () => {
      log.push(key);
      return new Promise((resolve) => ends.push(resolve));
    },
  };
  return { task, end: () => ends.shift()?.() };
}

describe('a schedule', () => {
  test('runs a task again and again, at its period', async () => {
    const starts: number[] = [];
    const run = async () => void starts.push(performance.now());
    scheduleOf(1).replace([{ key: 'a', periodMs: () => 30, run }]);
    await vi.waitUntil(() => starts.length >= 4);
    expect((starts[3] ?? 0) - (starts[0] ?? 0)).toBeGreaterThan(85);
  });

  test('never runs a task twice at once, nor more tasks than it may', async () => {
    const log: string[] = [];
    const [a, b, c] = [gated('a', log), gated('b', log), gated('c', log)];
    const schedule = scheduleOf(2);
    schedule.replace([a.task, b.task, c.task]);
    expect(log).toEqual(['a', 'b']);
    a.end();
    await vi.waitUntil(() => log.length === 3);
    expect(log).toEqual(['a', 'b', 'c']);
    for (const { end } of [a, b, c, a, b, c]) end();
    schedule.replace([]);
  });

  test('a slow task does not hold up the others', async () => {
    const log: string[] = [];
    const slow = gated('slow', log);
    const schedule = scheduleOf(2);
    let quick = 0;
    schedule.replace([slow.task, { key: 'quick', periodMs: () => 1, run: async () => void quick++ }]);
    await vi.waitUntil(() => quick >= 5);
    expect(log).toEqual(['slow']);
    slow.end();
    schedule.replace([]);
  });

  test('keeps the time of a task that stays, starts a new one at once, and drops the others', async () => {
    const runs: string[] = [];
    const task = (key: string, name = key): Task => ({
      key,
      periodMs: () => 60_000,
      run: async () => void runs.push(name),
    });
    const schedule = scheduleOf(4);
    schedule.replace([task('a'), task('b')]);
    schedule.replace([task('a', 'a again'), task('c')]);
    expect(runs).toEqual(['a', 'b', 'c']);
  });

  test('closing tells the running ones to give up and waits for them', async () => {
    const schedule = new Schedule(1);
    let ended = false;
    schedule.replace([
      {
        key: 'a',
        periodMs: () => 1,
        run: (signal) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              ended = true;
              resolve();
            });
          }),
      },
    ]);
    await schedule.close();
    expect(ended).toBe(true);
  });
});
