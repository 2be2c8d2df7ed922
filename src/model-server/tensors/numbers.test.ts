import { describe, expect, it } from 'vitest';
import type { Datatype } from './datatypes.ts';
import { encodeNumbers, viewElements } from './numbers.ts';
import { decodeElements, decodeTexts, encodeTexts } from './strings.ts';

describe('elements', () => {
  it.each<[Exclude<Datatype, 'BYTES'>, (number | bigint)[]]>([
    ['BOOL', [0, 1]],
    ['UINT8', [0, 255]],
    ['UINT16', [0, 65_535]],
    ['UINT32', [0, 4_294_967_295]],
    ['UINT64', [0n, 18_446_744_073_709_551_615n]],
    ['INT8', [-128, 127]],
    ['INT16', [-32_768, 32_767]],
    ['INT32', [-2_147_483_648, 2_147_483_647]],
    ['INT64', [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n]],
    ['FP16', [-65_504, 0.5]],
    ['FP32', [-1.5, 3.25]],
    ['FP64', [Math.PI, -1e300]],
  ])('%s survive, aligned or not', (datatype, values) => {
    const data = encodeNumbers(datatype, values);
    const shifted = Buffer.concat([new Uint8Array(1), data]).subarray(1);
    expect(Array.from<number | bigint>(viewElements(datatype, data) as Float64Array)).toEqual(values);
    expect(Array.from<number | bigint>(viewElements(datatype, shifted) as Float64Array)).toEqual(values);
  });
});

describe('texts', () => {
  it('survive', () => {
    const texts = ['', 'a', 'ü€😀'];
    expect(decodeTexts(encodeTexts(texts))).toEqual(texts);
  });

  it.each([
    ['a length cut off', [1, 0]],
    ['a text cut off', [2, 0, 0, 0, 97]],
    ['a length past everything', [255, 255, 255, 255, 97]],
  ])('are refused with %s', (_what, bytes) => {
    expect(() => decodeElements(Uint8Array.from(bytes))).toThrow('element 0 runs past the end');
  });
});
