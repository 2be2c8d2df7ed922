import * as z from 'zod';
import { type Kind, kinds } from './kinds.ts';

/** The part of JSON Schema (draft 7) that the kinds use, with the two notes of our own. */
export type JsonSchema = {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  readonly 'x-default-why'?: string;
  readonly 'x-penstock-type'?: string;
};

/**
 * The schema of what people write (before defaults), with our notes in it, for further derivations.
 */
export function annotatedSchema(kind: Kind): JsonSchema {
  return z.toJSONSchema(kinds[kind], { io: 'input', target: 'draft-7' }) as JsonSchema;
}

/** The schema of one kind, for editors: the reason of a default is part of the description. */
export function editorSchema(kind: Kind): JsonSchema {
  const { $schema = '', ...schema } = forEditors(annotatedSchema(kind));
  return { $schema, title: kind, ...schema };
}

/** One schema for files that hold any of the kinds. */
export function anyKindSchema(): JsonSchema {
  const branches = (Object.keys(kinds) as Kind[]).map((kind) => {
    const { $schema: _, ...schema } = editorSchema(kind);
    return schema;
  });
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Penstock', oneOf: branches };
}

function forEditors(schema: JsonSchema): JsonSchema {
  const { 'x-default-why': why, 'x-penstock-type': _, ...plain } = schema;
  const reason =
    why === undefined || isContainer(schema) ? '' : ` Default ${JSON.stringify(plain.default)}: ${why}.`;
  const description = plain.description === undefined ? undefined : `${plain.description}${reason}`;
  // A format says it already, and the pattern of an IPv6 address is narrower than the addresses that are valid.
  const { pattern: _pattern, ...unpatterned } = plain;
  return {
    ...(plain.format === undefined ? plain : unpatterned),
    ...(description === undefined ? {} : { description }),
    ...(plain.properties === undefined ? {} : { properties: mapValues(plain.properties, forEditors) }),
    ...(plain.items === undefined ? {} : { items: forEditors(plain.items) }),
    ...(plain.oneOf === undefined ? {} : { oneOf: plain.oneOf.map(forEditors) }),
    ...(plain.anyOf === undefined ? {} : { anyOf: plain.anyOf.map(forEditors) }),
    ...(typeof plain.additionalProperties === 'object'
      ? { additionalProperties: forEditors(plain.additionalProperties) }
      : {}),
  };
}

/** Whether a field's default is nothing but the defaults of its own fields. */
export function isContainer(schema: JsonSchema): boolean {
  return schema.properties !== undefined && JSON.stringify(schema.default) === '{}';
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
