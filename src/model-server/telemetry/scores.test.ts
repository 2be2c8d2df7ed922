import { describe, expect, it } from 'vitest';
import { encodeNumbers } from '../tensors/numbers.ts';
import { encodeTexts } from '../tensors/strings.ts';
import type { Tensor, TensorSpec } from '../tensors/tensor.ts';
import { findScoreOutputs, readPredictions } from './scores.ts';

const spec = (name: string, datatype: TensorSpec['datatype'], shape: number[]): TensorSpec => ({
  name,
  datatype,
  shape,
});
const find = (...outputs: TensorSpec[]) => findScoreOutputs({ inputs: [], outputs });

const probabilities: Tensor = {
  name: 'probabilities',
  datatype: 'FP32',
  shape: [2, 3],
  data: encodeNumbers('FP32', [0.25, 0.5, 0.25, 0.875, 0.125, 0]),
};

describe('scores', () => {
  it('are found by the usual names', () => {
    expect(find(spec('label', 'INT64', [-1]), spec('probabilities', 'FP32', [-1, 10]))).toEqual({
      probabilities: 'probabilities',
      label: 'label',
    });
    expect(find(spec('scores', 'FP64', [-1, 3]))).toEqual({ probabilities: 'scores' });
  });

  it.each([
    ['another name', spec('logits', 'FP32', [-1, 3])],
    ['whole numbers', spec('scores', 'INT32', [-1, 3])],
    ['images', spec('scores', 'FP32', [-1, 3, 64, 64])],
    ['a vocabulary', spec('scores', 'FP32', [-1, 50_000])],
  ])('are not read out of %s', (_what, output) => {
    expect(find(output)).toBeUndefined();
  });

  it('are the highest probability of each row, with its place as the class', () => {
    expect(readPredictions({ probabilities: 'probabilities' }, [probabilities])).toEqual([
      { score: 0.5, predictedClass: '1' },
      { score: 0.875, predictedClass: '0' },
    ]);
  });

  it('have the class that the model names, when it names one', () => {
    const label: Tensor = { name: 'label', datatype: 'BYTES', shape: [2], data: encodeTexts(['cat', 'dog']) };
    const predictions = readPredictions({ probabilities: 'probabilities', label: 'label' }, [
      label,
      probabilities,
    ]);
    expect(predictions.map(({ predictedClass }) => predictedClass)).toEqual(['cat', 'dog']);
  });

  it('are none when they were not asked for', () => {
    expect(readPredictions({ probabilities: 'probabilities' }, [])).toEqual([]);
  });
});
