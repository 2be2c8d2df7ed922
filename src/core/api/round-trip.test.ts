import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { annotatedSchema, editorSchema, type JsonSchema } from './json-schema.ts';
import { kindNames } from './kinds.ts';
import { parseFile, parseObject } from './parse.ts';

describe.each(kindNames)('any %s', (kind) => {
  const values = schemaArbitrary(annotatedSchema(kind));
  const fitsEditors = new Ajv({ validateFormats: false }).compile(editorSchema(kind));

  it('that is refused is refused for the same number of reasons as a file', () => {
    fc.assert(
      fc.property(values, (value) => {
        const outcome = parseObject(value);
        const reasons = 'findings' in outcome ? outcome.findings.length : 0;
        expect(parseFile('f', stringify(value)).problems).toHaveLength(reasons);
      }),
      { numRuns: 50 },
    );
  });

  it('that is valid is valid for editors too, and survives being printed and read', () => {
    let valid = 0;
    fc.assert(
      fc.property(values.map(withoutRefused), (value) => {
        const outcome = parseObject(value);
        if (!('object' in outcome)) return;
        valid += 1;
        expect(fitsEditors(value)).toBe(true);
        for (const text of [stringify(value), JSON.stringify(value)]) {
          expect(parseFile('f', text).objects.map(({ object }) => object)).toEqual([outcome.object]);
        }
      }),
      { numRuns: 50 },
    );
    expect(valid).toBeGreaterThan(10);
  });

  it('with an arbitrary value anywhere never makes the reader throw', () => {
    fc.assert(
      fc.property(
        fc.object({ key: fc.constantFrom('spec', 'metadata', 'name', 'versions', 'analysis') }),
        (value) => {
          const outcome = parseObject({ ...value, apiVersion: 'penstock.dev/v1alpha1', kind });
          expect('object' in outcome || outcome.findings.length > 0).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Leaves out what is refused, field by field, so that most values end up valid. */
function withoutRefused(value: unknown): unknown {
  const repaired = structuredClone(value);
  for (let round = 0; round < 4; round++) {
    const outcome = parseObject(repaired);
    if ('object' in outcome) break;
    for (const { path } of outcome.findings) {
      const last = path.findLastIndex((part) => typeof part === 'string');
      const owner = path.slice(0, last).reduce<unknown>((at, part) => Object(at)[part], repaired);
      Reflect.deleteProperty(Object(owner), path[last] ?? '');
    }
  }
  return repaired;
}

/** Values of the shape that a schema describes, for property tests; rules beyond the shape may still refuse some. */
function schemaArbitrary(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema['x-penstock-type'] === 'duration') return fc.constantFrom('1s', '2s', '1500ms', '1m');
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.properties !== undefined) return objectArbitrary(schema);
  const branches = schema.oneOf ?? schema.anyOf ?? [];
  if (branches.length > 0) return fc.oneof(...branches.map(schemaArbitrary));
  if (schema.items !== undefined) {
    return fc.array(schemaArbitrary(schema.items), { minLength: schema.minItems ?? 0, maxLength: 3 });
  }
  if (typeof schema.additionalProperties === 'object') {
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), schemaArbitrary(schema.additionalProperties), {
      minKeys: 1,
      maxKeys: 3,
    });
  }
  return scalarArbitrary(schema);
}

function objectArbitrary(schema: JsonSchema): fc.Arbitrary<unknown> {
  const properties = schema.properties ?? {};
  const choices = (branches: readonly JsonSchema[] = []) =>
    branches.flatMap((branch) => branch.required ?? []);
  const alternatives = [choices(schema.oneOf), choices(schema.anyOf)].filter((names) => names.length > 0);
  return fc.tuple(...alternatives.map((names) => fc.constantFrom(...names))).chain((chosen) => {
    const left = new Set(choices(schema.oneOf).filter((name) => !chosen.includes(name)));
    const fields = Object.entries(properties).filter(([name]) => !left.has(name));
    const shape = Object.fromEntries(fields.map(([name, field]) => [name, schemaArbitrary(field)]));
    return fc.record(shape, { requiredKeys: [...(schema.required ?? []), ...chosen] });
  });
}

function scalarArbitrary(schema: JsonSchema): fc.Arbitrary<unknown> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer')
    return fc.integer({ min: minimum ?? 0, max: Math.min(maximum ?? 1000, 100_000) });
  if (schema.type === 'number') {
    const min = exclusiveMinimum === undefined ? (minimum ?? -1000) : exclusiveMinimum + 0.001;
    const max = exclusiveMaximum === undefined ? (maximum ?? 1000) : exclusiveMaximum - 0.001;
    return fc.double({ min, max, noNaN: true }).map((value) => (value === 0 ? 0 : value));
  }
  if (schema.format === 'ipv4') return fc.ipV4();
  if (schema.format === 'ipv6') return fc.ipV6();
  if (schema.pattern === undefined) return fc.string({ minLength: 1, maxLength: 20, unit: 'binary' });
  const usual = [
    'a',
    'v1',
    'fraud-lite',
    '/inference/x',
    'a@b',
    'http://h/x',
    'x-user-id',
    'a.b.example.com',
    'spiffe://mesh.example/ns/a/sa/b',
  ];
  const pattern = new RegExp(schema.pattern);
  return fc.constantFrom(...usual.filter((text) => pattern.test(text)));
}
