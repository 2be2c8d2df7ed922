import type * as z from 'zod';
import { nearest } from './nearest.ts';
import { error, type FieldPath, type Finding } from './problem.ts';
import { quote } from './quote.ts';

type Issue = z.core.$ZodIssue;

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of fields',
  record: 'a map of names to values',
};

/**
 * Turns what the schema found into findings for people.
 * @param issues from a failed parse; their paths count from the object's top
 * @param object what was parsed, to name the values that stand there
 */
export function explainIssues(issues: readonly Issue[], object: unknown): readonly Finding[] {
  return withoutEchoes(issues.flatMap((issue) => explain(issue, [], object)));
}

/** A misspelt field is reported as unknown; that its right name is missing says the same again. */
function withoutEchoes(findings: readonly Finding[]): readonly Finding[] {
  const meant = new Set<string>();
  for (const { path, message, hint } of findings) {
    if (!message.startsWith('unknown field') || !hint.startsWith('did you mean')) continue;
    const parent = path.slice(0, -1);
    meant.add(JSON.stringify(parent)).add(JSON.stringify([...parent, hint.split('"')[1]]));
  }
  return findings.filter(({ path, message }) => {
    const absence = message === 'is missing' || message === 'nothing is chosen';
    return !(absence && meant.has(JSON.stringify(path)));
  });
}

function explain(issue: Issue, above: FieldPath, object: unknown): readonly Finding[] {
  const path = [...above, ...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))];
  if (issue.code === 'unrecognized_keys') {
    const lines = issue.message.split('\n');
    return issue.keys.map((key, index) =>
      error([...path, key], lines[index] ?? `unknown field ${quote(key)}; remove it`),
    );
  }
  if (issue.message.includes('; ')) return [error(path, issue.message)];
  const value = valueAt(object, path);
  if (issue.code === 'invalid_union') return explainUnion(issue, path, value, object);
  if (issue.code === 'invalid_key' || issue.code === 'invalid_element') {
    return issue.issues.flatMap((inner) => explain({ ...inner, path: [] } as Issue, path, object));
  }
  return [error(path, wording(issue, value))];
}

/** The branch that was meant is the one that does not fail at its very top; else all choices are named. */
function explainUnion(issue: z.core.$ZodIssueInvalidUnion, path: FieldPath, value: unknown, object: unknown) {
  if (issue.errors.length === 0) {
    const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
    return [error(path, choice(value, options))];
  }
  const meant = issue.errors.find((inner) =>
    inner.every(({ path: at, code }) => at.length > 0 || code === 'unrecognized_keys'),
  );
  if (meant !== undefined) return meant.flatMap((inner) => explain(inner as Issue, path, object));
  const options = issue.errors.flat().flatMap((inner) => {
    if (inner.code === 'invalid_value') return inner.values;
    return inner.code === 'invalid_type' ? [typeNames[inner.expected] ?? inner.expected] : [];
  });
  return [error(path, choice(value, options))];
}

function wording(issue: Issue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(value, issue.expected);
    case 'invalid_value':
      return choice(value, issue.values);
    case 'too_small':
      return `${amount(value)}; ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${counted(issue.origin, issue.minimum)}`;
    case 'too_big':
      return `${amount(value)}; ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${counted(issue.origin, issue.maximum)}`;
    default:
      return `is ${quote(value)}; ${issue.message}`;
  }
}

function wrongType(value: unknown, expected: string): string {
  const right = typeNames[expected] ?? expected;
  if (value === undefined) return `is missing; ${right}`;
  if (value === null) return `is empty; ${right}, or leave the field out`;
  if (expected === 'string' && typeof value !== 'object')
    return `is ${quote(value)}; text, in quotes: "${value}"`;
  const numeric = expected === 'number' || expected === 'int';
  if (numeric && typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) {
    return `is the text ${quote(value)}; a number, without quotes: ${Number(value)}`;
  }
  return `is ${quote(value)}; ${right}`;
}

function choice(value: unknown, options: readonly unknown[]): string {
  const names = options.map(String);
  const all = options.length === 1 ? quote(options[0]) : `one of ${names.join(', ')}`;
  if (value === undefined) return `is missing; ${all}`;
  const meant = typeof value === 'string' ? nearest(value, names) : undefined;
  return `is ${quote(value)}; ${meant === undefined || options.length === 1 ? all : `did you mean "${meant}": ${all}`}`;
}

function amount(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'is an empty list' : `has ${value.length} entries`;
  if (typeof value === 'string') return value === '' ? 'is empty' : `has ${value.length} characters`;
  return `is ${quote(value)}`;
}

/** What a bound counts: nothing for a number. */
function counted(origin: string, bound: number | bigint): string {
  if (origin === 'array') return bound === 1 ? ' entry' : ' entries';
  if (origin === 'string') return bound === 1 ? ' character' : ' characters';
  return '';
}

function valueAt(object: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (at, part) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined,
    object,
  );
}
