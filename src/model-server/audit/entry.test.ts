import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CallRecord } from '../serving/inference.ts';
import { encodeNumbers } from '../tensors/numbers.ts';
import { encodeTexts } from '../tensors/strings.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { auditEntry } from './entry.ts';

const record: CallRecord = {
  labels: { model: 'fraud', version: 'v2' },
  code: 'OK',
  message: '',
  startedEpochMs: 0,
  totalMs: 1.23456,
  queueMs: 0,
  computeMs: 1,
  cached: false,
  trace: { traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16), sampled: true },
};
const amounts: Tensor = {
  name: 'amounts',
  datatype: 'FP32',
  shape: [1, 3],
  data: encodeNumbers('FP32', [1.5, Number.NaN, 3]),
};
const names: Tensor = { name: 'names', datatype: 'BYTES', shape: [2], data: encodeTexts(['ada', 'grace']) };
const ids: Tensor = { name: 'ids', datatype: 'INT64', shape: [1], data: encodeNumbers('INT64', [2n ** 60n]) };
const score: Tensor = { name: 'score', datatype: 'FP64', shape: [1], data: encodeNumbers('FP64', [0.25]) };

const entryOf = (inputs: readonly Tensor[], { maxBytes = 1000, redacted = [] as readonly string[] } = {}) =>
  auditEntry(record, { inputs }, [score], { maxBytes, redacted: new Set(redacted) });

describe('an entry of the audit of calls', () => {
  it('says which version answered what to what, in which trace', () => {
    expect(entryOf([names])).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      model: 'fraud',
      version: 'v2',
      code: 'OK',
      traceId: 'a'.repeat(32),
      cached: false,
      totalMs: 1.235,
      inputs: [
        {
          name: 'names',
          datatype: 'BYTES',
          shape: [2],
          sha256: hash('sha256', names.data),
          values: ['ada', 'grace'],
        },
      ],
      outputs: [
        { name: 'score', datatype: 'FP64', shape: [1], sha256: hash('sha256', score.data), values: [0.25] },
      ],
    });
  });

  it('writes as texts what JSON has no number for', () => {
    expect(entryOf([amounts, ids]).inputs.map(({ values }) => values)).toEqual([
      [1.5, 'NaN', 3],
      ['1152921504606846976'],
    ]);
  });

  it.each([
    ['one of them', ['names'], [true, undefined]],
    ['all of them', ['*'], [true, true]],
    ['none', [], [undefined, undefined]],
  ] as const)(
    'redacts %s, and then says nothing of the content, not even a hash',
    (_, redacted, expected) => {
      const { inputs } = entryOf([names, amounts], { redacted });
      expect(inputs.map((tensor) => tensor.redacted)).toEqual(expected);
      for (const tensor of inputs.filter((each) => each.redacted))
        expect(Object.keys(tensor)).toEqual(['name', 'datatype', 'shape', 'redacted']);
    },
  );

  it.each([0, 4, 5, 9, 30])('has at most %i bytes of values, of the answer first', (maxBytes) => {
    const { inputs, outputs } = entryOf([names, amounts], { maxBytes });
    const all = [...outputs, ...inputs].flatMap(({ values = [] }) => values);
    expect(all.reduce<number>((sum, value) => sum + JSON.stringify(value).length + 1, 0)).toBeLessThanOrEqual(
      maxBytes,
    );
    expect(outputs[0]?.truncated).toBe(maxBytes < 5 ? true : undefined);
    expect(inputs[0]?.truncated).toBe(maxBytes < 20 ? true : undefined);
  });
});
