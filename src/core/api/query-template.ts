import * as z from 'zod';

/** What a query may speak of without declaring it: filled in for the service and version under judgement. */
export const builtInVariables = [
  'service',
  'namespace',
  'model',
  'version',
  'modelVersion',
  'stable',
  'candidate',
  'interval',
] as const;

const placeholder = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** The names between double braces, in order, each once. */
export function placeholdersOf(query: string): readonly string[] {
  return [...new Set(Array.from(query.matchAll(placeholder), ([, name]) => name ?? ''))];
}

/** Puts values in the place of `{{name}}`; a name without a value stays as it is. */
export function fillPlaceholders(query: string, values: Readonly<Record<string, string>>): string {
  return query.replace(placeholder, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
}

/** A PromQL expression with placeholders. */
export function queryText() {
  return z
    .string()
    .min(1)
    .describe(
      `PromQL that yields one number, with placeholders: ${builtInVariables.map((name) => `\`{{${name}}}\``).join(', ')}.`,
    );
}
