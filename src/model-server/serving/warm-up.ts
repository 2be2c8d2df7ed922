import { Problem } from '../protocol/problem.ts';
import { headerOf } from '../runner/messages.ts';
import type { Runner } from '../runner/process.ts';
import type { Signature, Tensor } from '../tensors/tensor.ts';
import { hasRows, joinInputs, splitOutputs } from './batch.ts';
import { dummyInputs, sameOutputs } from './dummy.ts';

/** What a warm-up found out. */
export interface WarmedUp {
  /** The largest batch: the given maximum, or 1 when rows must not be put together. */
  readonly maxBatchRows: number;
  /** Why rows must not be put together, when they must not. */
  readonly unbatchable?: string;
  /** An input that the model is known to take, for later probes. */
  readonly probe: readonly Tensor[];
}

/** Sizes to try for a dimension that may have any size but is not the row. */
const FREE_SIZES = [1, 8, 32, 128, 224];

/**
 * Runs every batch size once, so that nothing is left to be done on the first real request, and makes sure that a row
 * gets the same answer in a batch as alone. Rejects with FAILED_PRECONDITION when the model does not infer.
 */
export async function warmUp(runner: Runner, signature: Signature, maxBatchRows: number): Promise<WarmedUp> {
  const freeSize = await findFreeSize(runner, signature);
  const probe = dummyInputs(signature, 1, freeSize);
  const unbatchable = maxBatchRows > 1 ? await whyUnbatchable(runner, signature, freeSize) : undefined;
  if (unbatchable !== undefined) return { maxBatchRows: 1, unbatchable, probe };
  for (let rows = 2; rows <= maxBatchRows; rows++)
    await infer(runner, dummyInputs(signature, rows, freeSize));
  return { maxBatchRows, probe };
}

async function findFreeSize(runner: Runner, signature: Signature): Promise<number> {
  const free = signature.inputs.some((input) => input.shape.slice(1).includes(-1));
  const tried: string[] = [];
  for (const size of free ? FREE_SIZES : [1]) {
    try {
      await infer(runner, dummyInputs(signature, 1, size));
      return size;
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.code === 'UNAVAILABLE') throw thrown;
      tried.push((thrown as Error).message);
    }
  }
  throw new Problem('FAILED_PRECONDITION', `the model loads but does not infer: ${tried[0]}`);
}

async function whyUnbatchable(
  runner: Runner,
  signature: Signature,
  freeSize: number,
): Promise<string | undefined> {
  if (!hasRows(signature)) return 'its first dimension is not free in every input and output';
  const pair = dummyInputs(signature, 2, freeSize);
  const single = [0, 1].map((row) => pair.map((tensor) => rowOf(tensor, row)));
  try {
    const together = await runner.run(joinInputs(single), []);
    const parts = splitOutputs(together.outputs, [1, 1]);
    if (!parts) return 'its outputs do not have one row for each input row';
    for (const [row, inputs] of single.entries()) {
      if (!sameOutputs(await infer(runner, inputs), parts[row] ?? []))
        return 'a row is answered otherwise in a batch';
    }
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'UNAVAILABLE') throw thrown;
    return `it refuses two rows: ${(thrown as Error).message}`;
  }
}

function rowOf(tensor: Tensor, row: number): Tensor {
  const rowBytes = tensor.data.length / (tensor.shape[0] ?? 1);
  const data = tensor.data.subarray(row * rowBytes, (row + 1) * rowBytes);
  return { ...tensor, shape: [1, ...tensor.shape.slice(1)], data };
}

async function infer(runner: Runner, inputs: readonly Tensor[]): Promise<readonly Tensor[]> {
  const result = await runner.run(
    inputs.map((input) => ({ header: headerOf(input), slices: [input.data] })),
    [],
  );
  return result.outputs;
}
