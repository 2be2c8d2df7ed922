import type { JsonSchema } from './json-schema.ts';

/** A rule in CEL that the API server checks, with what it says when the rule is broken. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
}

/**
 * The part of OpenAPI v3 that a CustomResourceDefinition takes: a structural schema
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
 */
export type StructuralSchema = {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxLength?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly items?: StructuralSchema;
  readonly oneOf?: readonly { readonly required: readonly string[] }[];
  readonly anyOf?: readonly { readonly required?: readonly string[]; readonly type?: string }[];
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
};

/**
 * The structural form of a schema of ours. What it cannot say is left to the control plane and its webhook:
 * - defaults are told and not written: an object stays as people wrote it, and is not drifted from its repository
 * - lookaheads are taken out of patterns, which are RE2 here
 * - a union that a field tells apart becomes one object with the fields of all, and a rule for each branch
 * - number or text keeps whatever is there
 */
export function structuralSchema(schema: JsonSchema): StructuralSchema {
  const description = descriptionOf(schema);
  const form = formOf(schema);
  return description === undefined ? form : { description, ...form };
}

function descriptionOf({
  description,
  default: value,
  'x-default-why': why,
}: JsonSchema): string | undefined {
  if (description === undefined) return undefined;
  const told =
    why === undefined || JSON.stringify(value) === '{}' ? '' : ` Default ${JSON.stringify(value)}: ${why}.`;
  return `${description}${told}`;
}

function formOf(schema: JsonSchema): StructuralSchema {
  const tag = tagOf(schema.oneOf);
  if (tag !== undefined) return taggedUnion(tag, schema.oneOf ?? []);
  if (schema.type === undefined) return alternatives(schema.anyOf ?? schema.oneOf ?? []);
  switch (schema.type) {
    case 'object':
      return objectForm(schema);
    case 'array':
      return {
        type: 'array',
        ...(schema.minItems === undefined ? {} : { minItems: schema.minItems }),
        ...(schema.maxItems === undefined ? {} : { maxItems: schema.maxItems }),
        items: structuralSchema(schema.items ?? {}),
      };
    default:
      return scalarForm(schema);
  }
}

function objectForm(schema: JsonSchema): StructuralSchema {
  const { properties, required, additionalProperties } = schema;
  if (properties === undefined && typeof additionalProperties === 'object')
    return { type: 'object', additionalProperties: structuralSchema(additionalProperties) };
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, structuralSchema(field)]);
  return {
    type: 'object',
    ...(required === undefined || required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(fields),
    ...(schema.oneOf === undefined ? {} : { oneOf: schema.oneOf.map(requiredAlone) }),
    ...(schema.anyOf === undefined ? {} : { anyOf: schema.anyOf.map(requiredAlone) }),
  };
}

function requiredAlone({ required = [] }: JsonSchema): { readonly required: readonly string[] } {
  return { required };
}

function scalarForm(schema: JsonSchema): StructuralSchema {
  const { type = 'string', minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const bound = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const pattern = schema.format === undefined ? withoutLookahead(schema.pattern) : undefined;
  const values = schema.const === undefined ? schema.enum : [schema.const];
  return {
    type,
    ...(values === undefined ? {} : { enum: values }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(schema.maxLength === undefined ? {} : { maxLength: schema.maxLength }),
    ...(bound(minimum) ? { minimum } : {}),
    ...(bound(exclusiveMinimum) ? { minimum: exclusiveMinimum, exclusiveMinimum: true } : {}),
    ...(bound(maximum) ? { maximum } : {}),
    ...(bound(exclusiveMaximum) ? { maximum: exclusiveMaximum, exclusiveMaximum: true } : {}),
  };
}

/** RE2 has no lookahead; the one that we use bounds a length, as `maxLength` does. */
function withoutLookahead(pattern: string | undefined): string | undefined {
  return pattern?.replaceAll(/\(\?=[^)]*\)/g, '');
}

/** Alternatives that no field tells apart. */
function alternatives(branches: readonly JsonSchema[]): StructuralSchema {
  const types = [...new Set(branches.map(({ type }) => type))].sort();
  if (types.length === 1) return scalarForm({ type: types[0] ?? 'string' });
  if (types.join() === 'integer,string')
    return { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
  return { 'x-kubernetes-preserve-unknown-fields': true };
}

/** The field whose constant tells the branches of a union apart. */
function tagOf(branches: readonly JsonSchema[] = []): string | undefined {
  const [first] = branches;
  return Object.entries(first?.properties ?? {}).find(([, field]) => field.const !== undefined)?.[0];
}

/** One object with the fields of all branches; rules say which branch has which. */
function taggedUnion(tag: string, branches: readonly JsonSchema[]): StructuralSchema {
  const names = [...new Set(branches.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const always = names.filter((name) => branches.every(({ required = [] }) => required.includes(name)));
  const fields = names.map((name) => {
    const own = branches.flatMap(({ properties = {} }) => properties[name] ?? []);
    return [name, name === tag ? tagField(own) : mergedField(own)] as const;
  });
  return {
    type: 'object',
    required: always,
    properties: Object.fromEntries(fields),
    'x-kubernetes-validations': branches.flatMap((branch) => branchRules(tag, branch, names, always)),
  };
}

function tagField(own: readonly JsonSchema[]): StructuralSchema {
  return { type: 'string', enum: own.map((each) => each.const) };
}

/** A field of several branches: theirs where they agree on all that is checked, else whatever is there. */
function mergedField(own: readonly JsonSchema[]): StructuralSchema {
  const [first, ...others] = own.map(structuralSchema);
  if (first === undefined) return { 'x-kubernetes-preserve-unknown-fields': true };
  const told = (each: StructuralSchema): string => JSON.stringify({ ...each, description: undefined });
  if (others.every((each) => told(each) === told(first))) return first;
  const { description } = first;
  const same = [first, ...others].every(({ type }) => type === 'object' && first.properties !== undefined);
  const kept = { 'x-kubernetes-preserve-unknown-fields': true } as const;
  if (same) return { ...(description === undefined ? {} : { description }), type: 'object', ...kept };
  return { ...(description === undefined ? {} : { description }), ...kept };
}

/** @param always fields that every branch demands, which the schema says already */
function branchRules(
  tag: string,
  branch: JsonSchema,
  names: readonly string[],
  always: readonly string[],
): readonly CelRule[] {
  const value = String(branch.properties?.[tag]?.const);
  const is = `self.${tag} != '${value}'`;
  const has = (name: string): string => `has(self.${name})`;
  const own = new Set(Object.keys(branch.properties ?? {}));
  const required = (branch.required ?? []).filter((name) => !always.includes(name));
  const foreign = names.filter((name) => !own.has(name));
  const rules: CelRule[] = [];
  if (required.length > 0)
    rules.push({
      rule: `${is} || (${required.map(has).join(' && ')})`,
      message: `${value} needs ${required.join(', ')}`,
    });
  if (foreign.length > 0)
    rules.push({
      rule: `${is} || !(${foreign.map(has).join(' || ')})`,
      message: `${value} takes none of ${foreign.join(', ')}`,
    });
  for (const [choice, how] of [
    [branch.anyOf, 'at least one'],
    [branch.oneOf, 'exactly one'],
  ] as const) {
    const among = (choice ?? []).flatMap(({ required: one = [] }) => one);
    if (among.length === 0) continue;
    const chosen =
      how === 'exactly one'
        ? `[${among.map(has).join(', ')}].exists_one(x, x)`
        : `(${among.map(has).join(' || ')})`;
    rules.push({ rule: `${is} || ${chosen}`, message: `${value} needs ${how} of ${among.join(', ')}` });
  }
  return rules;
}
