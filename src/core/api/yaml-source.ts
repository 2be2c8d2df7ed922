import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import { error, type FieldPath, type Finding, type Position } from './problem.ts';
import { quote } from './quote.ts';

/** One document of a YAML or JSON text: its value, and where each field stands. */
export type SourceDocument = {
  readonly value: unknown;
  readonly position: Position;
  /** Where a field stands, or the nearest thing above it that exists. `key`: its name rather than its value. */
  locate(path: FieldPath, part?: 'key' | 'value'): Position;
  /** What the text itself has wrong, with its place. With a syntax error there is no value to go on with. */
  readonly findings: readonly (Finding & Position)[];
  readonly readable: boolean;
};

/** Sixteen million characters: five thousand services with room to spare, and still read within seconds. */
export const longestText = 16 * 1024 * 1024;

// An anchor may be used this often before it is taken for an attack that grows while it is expanded.
const mostAliases = 1000;

const tooDeep = 'is nested too deeply; a few dozen levels at most';

/** Reads every document of a text. Empty documents are left out. Never throws. */
export function readSource(text: string): readonly SourceDocument[] {
  if (text.length > longestText) {
    return [
      unreadable(`is ${text.length} characters long; at most ${longestText}, so part it into several files`),
    ];
  }
  const lines = new LineCounter();
  try {
    const options = {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      merge: true,
      logLevel: 'error',
    } as const;
    const documents = parseAllDocuments(text, options);
    if (!Array.isArray(documents)) return [];
    return documents.filter(hasContents).map((document) => readDocument(document, lines));
  } catch (cause) {
    // The parser descends with the text, so only absurd nesting can exhaust the stack.
    if (cause instanceof RangeError) return [unreadable(tooDeep)];
    throw cause;
  }
}

function hasContents(document: Document.Parsed): boolean {
  const { contents, errors } = document;
  return errors.length > 0 || !(contents === null || (isScalar(contents) && contents.value === null));
}

function readDocument(document: Document.Parsed, lines: LineCounter): SourceDocument {
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const position = at(document.contents?.range?.[0] ?? document.range[0]);
  const locate = (path: FieldPath, part: 'key' | 'value' = 'value') => {
    const offset = offsetOf(document, path, part);
    return offset === undefined ? position : at(offset);
  };
  const syntax = syntaxFindings(document, at);
  const broken = { value: undefined, position, locate, readable: false };
  if (syntax.length > 0) return { ...broken, findings: syntax };
  const findings = duplicateKeys(document, document.contents, []).map(({ offset, ...finding }) => ({
    ...finding,
    ...at(offset),
  }));
  try {
    return { ...broken, value: document.toJS({ maxAliasCount: mostAliases }), readable: true, findings };
  } catch (cause) {
    // ReferenceError is how the library says that aliases expand without end or lead nowhere.
    if (!(cause instanceof ReferenceError)) throw cause;
    const text =
      'has aliases that expand too far or lead nowhere; anchors that are defined before, and few of them';
    return { ...broken, findings: [...findings, { ...error([], text), ...position }] };
  }
}

/** What the parser says, the first on each line: what follows is mostly its echo. */
function syntaxFindings(document: Document.Parsed, at: (offset: number) => Position) {
  const found = [...document.errors, ...document.warnings];
  const exhausted = found.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (exhausted !== undefined) return [{ ...error([], tooDeep), ...at(exhausted.pos[0]) }];
  const lines = new Set<number>();
  return found.flatMap(({ message, pos }) => {
    const position = at(pos[0]);
    if (lines.has(position.line)) return [];
    lines.add(position.line);
    return [{ ...error([], `${lowerFirst(message)}; valid YAML or JSON`), ...position }];
  });
}

function unreadable(text: string): SourceDocument {
  const position = { line: 1, column: 1 };
  const findings = [{ ...error([], text), ...position }];
  return { value: undefined, position, locate: () => position, readable: false, findings };
}

type KeyFinding = Finding & { readonly offset: number };

function duplicateKeys(document: Document.Parsed, node: unknown, path: FieldPath): readonly KeyFinding[] {
  if (isSeq(node))
    return node.items.flatMap((item, index) => duplicateKeys(document, item, [...path, index]));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap((pair) => {
    const name = keyOf(pair);
    const field = [...path, name];
    const twice = seen.has(name) && name !== '<<';
    seen.add(name);
    const inner = duplicateKeys(document, pair.value, field);
    if (!twice) return inner;
    const text = `the field ${quote(name)} is given twice; each field once`;
    return [{ ...error(field, text), offset: (pair.key as Node).range?.[0] ?? 0 }, ...inner];
  });
}

function offsetOf(document: Document.Parsed, path: FieldPath, part: 'key' | 'value'): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = pairOf(node, String(step));
      if (pair === undefined) return offset;
      node = pair.value;
      const wantsValue = last && part === 'value' && isScalar(node) && node.value !== null;
      offset = wantsValue ? (node as Node).range?.[0] : (pair.key as Node).range?.[0];
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (item === undefined) return offset;
      node = item;
      offset = (item as Node).range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}

// The last of several equal keys is the one whose value counts.
function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.findLast((pair) => keyOf(pair) === name);
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
