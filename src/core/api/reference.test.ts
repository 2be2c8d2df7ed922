import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { examplesByKind } from './examples-by-kind.ts';
import { anyKindSchema, editorSchema } from './json-schema.ts';
import { kindNames } from './kinds.ts';
import { referenceFiles } from './reference.ts';

const docs = new URL('../../../docs/', import.meta.url);
const examples = readFileSync(new URL('examples/fraud.yaml', docs), 'utf8');
const generated = referenceFiles(examplesByKind(examples));

describe('docs/reference', () => {
  it.each([...generated.keys()])(
    '%s is what the kinds say (node tools/generate-reference.ts writes it)',
    (path) => {
      expect(readFileSync(new URL(`reference/${path}`, docs), 'utf8')).toBe(generated.get(path));
    },
  );

  it('holds nothing else', () => {
    const found = readdirSync(new URL('reference/', docs), { recursive: true, withFileTypes: true });
    expect(found.filter((entry) => entry.isFile())).toHaveLength(generated.size);
  });

  it('describes every field', () => {
    const bare = [...generated]
      .filter(([path]) => path.endsWith('.md'))
      .flatMap(([path, text]) =>
        text
          .split('\n')
          .filter((line) => /^\| `.*\|\s+\|$/.test(line))
          .map((line) => `${path}: ${line}`),
      );
    expect(bare).toEqual([]);
  });
});

describe('the schema for editors', () => {
  const documents = parseAllDocuments(examples).map((document): { kind: string } => document.toJS());

  const accepts = (schema: object, value: unknown) =>
    new Ajv({ validateFormats: false }).validate(schema, value);

  it.each(kindNames)('of %s takes the example and refuses an unknown field', (kind) => {
    const example = documents.find((document) => document.kind === kind);
    expect(accepts(editorSchema(kind), example)).toBe(true);
    expect(accepts(editorSchema(kind), { ...example, spce: {} })).toBe(false);
  });

  it('of all kinds takes each of them', () => {
    expect(documents.map((document) => accepts(anyKindSchema(), document))).not.toContain(false);
  });
});
