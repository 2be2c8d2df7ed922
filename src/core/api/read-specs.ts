import type { ApiObject } from './kinds.ts';
import { type ParsedObject, parseFile, placed } from './parse.ts';
import type { Problem } from './problem.ts';
import { validateSet } from './validate-set.ts';

/** A text with the name that problems give it. */
export type SpecText = { readonly file: string; readonly text: string };

/** All objects of some texts, and all that is wrong with them. */
export type Specs = {
  readonly objects: readonly ApiObject[];
  /** Sorted by file as given, then by line. */
  readonly problems: readonly Problem[];
  /** Whether the objects may be put in force: no problem is an error. */
  readonly valid: boolean;
};

/** Reads and judges YAML or JSON texts together, as one set of objects. */
export function readSpecs(texts: readonly SpecText[]): Specs {
  const files = texts.map(({ file, text }) => parseFile(file, text));
  const parsed: readonly ParsedObject[] = files.flatMap(({ objects }) => objects);
  const objects = parsed.map(({ object }) => object);
  const elsewhere = {
    invalid: files.flatMap(({ invalid }) => invalid),
    complete: files.every(({ complete }) => complete),
  };
  const across = validateSet(objects, elsewhere).flatMap(({ index, finding }) => {
    const source = parsed[index];
    return source === undefined ? [] : [placed(finding, source.file, source.locate(finding.path))];
  });
  const order = new Map(texts.map(({ file }, index) => [file, index]));
  const problems = [...files.flatMap((file) => file.problems), ...across].sort(
    (a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
  return { objects, problems, valid: problems.every(({ severity }) => severity === 'warning') };
}
