import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  namesIn,
  parseDeltaRequest,
  parseSotwRequest,
  SUBSCRIBE,
  UNSUBSCRIBE,
  versionsIn,
} from './request.ts';
import { bytesField, MalformedMessage, textField, varintField } from './wire.ts';

const names = (field: number, ...all: string[]) =>
  Buffer.concat(all.map((n) => bytesField(field, Buffer.from(n))));
const entry = (name: string, version: string) =>
  bytesField(5, Buffer.concat([textField(1, name), textField(2, version)]));

describe('delta requests', () => {
  test('every field is found, in whatever order', () => {
    const node = Buffer.from('node');
    const status = Buffer.concat([varintField(1, 3), textField(2, 'no such cluster')]);
    const fields = [
      textField(6, 'n1'),
      names(SUBSCRIBE, 'a', 'b'),
      bytesField(7, status),
      textField(2, 'a type'),
      bytesField(1, node),
      names(UNSUBSCRIBE, 'c'),
      entry('x', '1'),
      textField(99, 'of a later version'),
      entry('y', '2'),
    ];
    const request = parseDeltaRequest(Buffer.concat(fields));
    expect(request).toMatchObject({ typeUrl: 'a type', nonce: 'n1', node, error: 'no such cluster' });
    expect(namesIn(request.rawNames, SUBSCRIBE)).toEqual(new Set(['a', 'b']));
    expect(namesIn(request.rawNames, UNSUBSCRIBE)).toEqual(new Set(['c']));
    expect(versionsIn(request.initialVersions ?? Buffer.alloc(0))).toEqual(
      new Map([
        ['x', '1'],
        ['y', '2'],
      ]),
    );
  });

  test('a rejection without words is a rejection', () => {
    expect(parseDeltaRequest(bytesField(7, varintField(1, 3))).error).toBe('rejected without a reason');
  });

  test('whatever the bytes, it reads them or says that they are malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          const request = parseDeltaRequest(Buffer.from(bytes));
          namesIn(request.rawNames, SUBSCRIBE);
          if (request.initialVersions) versionsIn(request.initialVersions);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('names that are known by their bytes', () => {
  const known = names(SUBSCRIBE, 'a', 'b');
  const type = textField(4, 'a type');

  test.each([
    ['the same', [known, type], ['a', 'b']],
    ['one more', [known, names(SUBSCRIBE, 'c'), type], ['a', 'b', 'c']],
    ['one less', [names(SUBSCRIBE, 'a'), type], ['a']],
    ['others', [names(SUBSCRIBE, 'a', 'c'), type], ['a', 'c']],
    ['none', [type], []],
    ['in two places', [known, type, names(SUBSCRIBE, 'c')], ['a', 'b', 'c']],
  ])('%s', (_, fields, expected) => {
    const request = parseSotwRequest(Buffer.concat(fields), [known]);
    expect(request.typeUrl).toBe('a type');
    expect([...namesIn(request.rawNames, SUBSCRIBE)]).toEqual(expected);
  });
});
