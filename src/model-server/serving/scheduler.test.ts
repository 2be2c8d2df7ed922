import { describe, expect, it } from 'vitest';
import { Problem } from '../protocol/problem.ts';
import type { BatchInput, BatchResult } from '../runner/process.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { groupOf } from './batch.ts';
import { type BatchRun, type BatchRunner, Scheduler, type Work } from './scheduler.ts';

/** A runner in this process that answers, with its own input, when it is told to. */
function steppedRunner() {
  const batches: number[][] = [];
  let step: (outcome?: Problem) => void = () => undefined;
  const run = (inputs: readonly BatchInput[]) =>
    new Promise<BatchResult>((resolve, reject) => {
      const outputs = inputs.map(
        ({ header, slices }): Tensor => ({ ...header, data: Buffer.concat(slices) }),
      );
      batches.push([...(outputs[0]?.data ?? [])]);
      step = (outcome) => (outcome ? reject(outcome) : resolve({ outputs, computeMs: 1 }));
    });
  const runner: BatchRunner = { run };
  return { runner, batches, step: (outcome?: Problem) => step(outcome) };
}

const work = (value: number, more: Partial<Work> = {}): Work => {
  const inputs: Tensor[] = [{ name: 'x', datatype: 'UINT8', shape: [1], data: Uint8Array.of(value) }];
  const rest = { outputs: [], group: groupOf(inputs, []), rows: 1, priority: 100 };
  return { inputs, ...rest, deadlineMs: Number.POSITIVE_INFINITY, ...more };
};

/** Lets everything happen that happens without a further step. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

function start(maxBatchRows = 4, maxQueue = 100) {
  const runs: BatchRun[] = [];
  const stepped = steppedRunner();
  const scheduler = new Scheduler({
    maxBatchRows,
    maxQueue,
    onBatch: (run) => runs.push(run),
    onUnbatchable: () => undefined,
  });
  scheduler.attach(stepped.runner, maxBatchRows);
  return { ...stepped, scheduler, runs };
}

const answerOf = async (pending: Promise<{ outputs: readonly Tensor[] }>) =>
  pending.then(
    ({ outputs }) => outputs[0]?.data[0],
    (thrown: Problem) => thrown.code,
  );

describe('a scheduler', () => {
  it('starts at once when idle, and takes what queued meanwhile as the next batch', async () => {
    const { scheduler, batches, step } = start();
    const first = answerOf(scheduler.submit(work(1)));
    await settled();
    const others = [2, 3, 4, 5, 6].map((value) => answerOf(scheduler.submit(work(value))));
    await settled();
    expect(batches).toEqual([[1]]);
    step();
    await settled();
    expect(batches).toEqual([[1], [2, 3, 4, 5]]);
    step();
    await settled();
    step();
    expect(await Promise.all([first, ...others])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('puts what arrives together into one batch', async () => {
    const { scheduler, batches, runs, step } = start();
    for (const value of [1, 2, 3]) void scheduler.submit(work(value));
    await settled();
    expect(batches).toEqual([[1, 2, 3]]);
    step();
    await settled();
    expect(runs).toEqual([{ rows: 3, computeMs: 1, totalMs: expect.any(Number) }]);
  });

  it('never computes what is too late or abandoned', async () => {
    const { scheduler, batches, step } = start();
    let leave: () => void = () => {};
    const first = answerOf(scheduler.submit(work(1)));
    await settled();
    const late = answerOf(scheduler.submit(work(2, { deadlineMs: performance.now() - 1 })));
    const abandoned = answerOf(
      scheduler.submit(
        work(3, {
          onGone: (listener) => {
            leave = listener;
          },
        }),
      ),
    );
    const last = answerOf(scheduler.submit(work(4)));
    leave();
    step();
    await settled();
    step();
    expect(await Promise.all([first, late, abandoned, last])).toEqual([
      1,
      'DEADLINE_EXCEEDED',
      'CANCELLED',
      4,
    ]);
    expect(batches).toEqual([[1], [4]]);
  });

  it('takes the urgent first', async () => {
    const { scheduler, batches, step } = start(1);
    void scheduler.submit(work(1));
    await settled();
    void scheduler.submit(work(2));
    void scheduler.submit(work(3, { priority: 1 }));
    step();
    await settled();
    expect(batches).toEqual([[1], [3]]);
  });

  it('fails everything once when the runner is lost', async () => {
    const { scheduler, step } = start(1);
    const outcomes = [1, 2, 3].map((value) => answerOf(scheduler.submit(work(value))));
    await settled();
    const lost = new Problem('UNAVAILABLE', 'the runner was ended by SIGKILL');
    scheduler.detach(lost);
    step(lost);
    expect(await Promise.all(outcomes)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
    expect(await answerOf(scheduler.submit(work(4)))).toBe('UNAVAILABLE');
  });

  it('tries each alone when a batch is refused', async () => {
    const { scheduler, batches, step } = start();
    const outcomes = [1, 2].map((value) => answerOf(scheduler.submit(work(value))));
    await settled();
    step(new Problem('INTERNAL', 'no'));
    await settled();
    step(new Problem('INTERNAL', 'no'));
    await settled();
    step();
    expect(await Promise.all(outcomes)).toEqual(['INTERNAL', 2]);
    expect(batches).toEqual([[1, 2], [1], [2]]);
  });

  it('is idle only when everything has been answered', async () => {
    const { scheduler, step } = start();
    void scheduler.submit(work(1));
    let idle = false;
    const becoming = scheduler.idle().then(() => {
      idle = true;
    });
    await settled();
    expect(idle).toBe(false);
    step();
    await becoming;
  });
});
