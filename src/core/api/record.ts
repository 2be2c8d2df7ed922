import * as z from 'zod';
import { nearest } from './nearest.ts';
import { quote } from './quote.ts';

/**
 * An object of known fields. An unknown one is an error that names the nearest known name; several unknown
 * fields make one message with a line for each, in the order of the issue's `keys`.
 */
export function record<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => unknownField(key, known)).join('\n')
        : undefined,
  });
}

/** Says that a field is not known, and which one may have been meant. */
function unknownField(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  const right = meant === undefined ? `the known fields are ${known.join(', ')}` : `did you mean "${meant}"`;
  return `unknown field ${quote(name)}; ${right}`;
}

/** Exactly one of the fields is there; the others are absent, which lets `in` and `!== undefined` narrow. */
export type OneOf<Fields> = {
  [Chosen in keyof Fields]: { [Key in Chosen]: Fields[Key] } & {
    [Other in Exclude<keyof Fields, Chosen>]?: never;
  };
}[keyof Fields];

type OutputOf<Shape extends Record<string, z.ZodType>> = { [Key in keyof Shape]: z.output<Shape[Key]> };
type InputOf<Shape extends Record<string, z.ZodType>> = { [Key in keyof Shape]: z.input<Shape[Key]> };

/** An object of which exactly one field is given: the spec's way to write a choice. */
export function exactlyOneOf<Shape extends Record<string, z.ZodType>>(shape: Shape) {
  const names = Object.keys(shape);
  const optional = Object.fromEntries(names.map((name) => [name, z.exactOptional(shape[name] ?? z.never())]));
  const chosen = requireOneOf(record(optional), names, 'exactly');
  return chosen as unknown as z.ZodType<OneOf<OutputOf<Shape>>, OneOf<InputOf<Shape>>>;
}

/** Demands exactly or at least one of the optional fields `names`, also when other fields are wrong. */
export function requireOneOf<Schema extends z.ZodType>(
  schema: Schema,
  names: readonly string[],
  how: 'exactly' | 'atLeast',
): Schema {
  const given = (value: unknown) => names.filter((name) => isObject(value) && value[name] !== undefined);
  const fits = (value: unknown) => (how === 'exactly' ? given(value).length === 1 : given(value).length > 0);
  const wording = how === 'exactly' ? 'exactly one' : 'at least one';
  const branches = names.map((name) => ({ required: [name] }));
  return schema
    .refine(fits, {
      when: ({ value }) => isObject(value),
      error: (issue) => {
        const found = given(issue.input);
        const wrong = found.length === 0 ? 'nothing is chosen' : `${found.join(' and ')} exclude each other`;
        return `${wrong}; ${wording} of ${names.join(', ')}`;
      },
    })
    .meta(how === 'exactly' ? { oneOf: branches } : { anyOf: branches }) as Schema;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Everything below is read-only: a validated object is a value and is never changed. */
export type Frozen<T> = T extends string | number | boolean | undefined | null
  ? T
  : { readonly [Key in keyof T]: Frozen<T[Key]> };
