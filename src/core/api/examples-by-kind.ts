import { parseAllDocuments } from 'yaml';
import { type Kind, kindNames } from './kinds.ts';

/**
 * Takes one example of each kind out of a text of several documents, comments and all.
 * @throws Error when a kind has none
 */
export function examplesByKind(text: string): Record<Kind, string> {
  const examples = new Map<string, string>();
  for (const document of parseAllDocuments(text)) {
    const kind = document.get('kind');
    const [start, end] = document.range;
    if (typeof kind === 'string' && !examples.has(kind))
      examples.set(kind, text.slice(start, end).replace(/^---\n/, ''));
  }
  return Object.fromEntries(
    kindNames.map((kind) => {
      const example = examples.get(kind);
      if (example === undefined) throw new Error(`the examples have no ${kind}`);
      return [kind, example];
    }),
  ) as Record<Kind, string>;
}
