import { explainIssues } from './explain-issue.ts';
import { type ApiObject, isKind, kindNames, kinds } from './kinds.ts';
import { apiVersion } from './metadata.ts';
import { nearest } from './nearest.ts';
import { error, type FieldPath, type Finding, type Position, type Problem, pathText } from './problem.ts';
import { quote } from './quote.ts';
import { readSource, type SourceDocument } from './yaml-source.ts';

/** What an object is called among all objects. */
export type ObjectName = { readonly kind: string; readonly namespace: string; readonly name: string };

/** A valid object and where each of its fields stands. */
export type ParsedObject = {
  readonly object: ApiObject;
  readonly file: string;
  readonly position: Position;
  locate(path: FieldPath): Position;
};

/** What one text holds. */
export type ParsedFile = {
  readonly objects: readonly ParsedObject[];
  readonly problems: readonly Problem[];
  /** Objects that are there but not valid: a reference to one of them is not an error. */
  readonly invalid: readonly ObjectName[];
  /** False when some document could not even be named, so that nothing can be said to be missing. */
  readonly complete: boolean;
};

/**
 * Reads the objects of one YAML or JSON text, several documents allowed, with all problems at once.
 * @param file how the problems name the text
 */
export function parseFile(file: string, text: string): ParsedFile {
  const documents = readSource(text);
  if (documents.length === 0) {
    const empty = error([], 'holds no object; at least one, or no file');
    return {
      objects: [],
      problems: [placed(empty, file, { line: 1, column: 1 })],
      invalid: [],
      complete: true,
    };
  }
  const parsed = documents.map((document) => parseDocument(file, document));
  return {
    objects: parsed.flatMap(({ objects }) => objects),
    problems: parsed.flatMap(({ problems }) => problems),
    invalid: parsed.flatMap(({ invalid }) => invalid),
    complete: parsed.every(({ complete }) => complete),
  };
}

/**
 * Validates one value, such as an object that Kubernetes hands over.
 * @returns the object with its defaults filled in, or all that is wrong with its fields
 */
export function parseObject(
  value: unknown,
): { readonly object: ApiObject } | { readonly findings: readonly Finding[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { findings: [error([], `is ${quote(value)}; a map with apiVersion, kind, metadata and spec`)] };
  }
  const kind: unknown = Reflect.get(value, 'kind');
  if (typeof kind !== 'string' || !isKind(kind))
    return { findings: wrongKind(kind, Reflect.get(value, 'apiVersion')) };
  const result = kinds[kind].safeParse(value);
  if (result.success) return { object: result.data };
  return { findings: explainIssues(result.error.issues, value) };
}

/** Puts a finding at its place. */
export function placed(finding: Finding, file: string, { line, column }: Position): Problem {
  const { severity, message, hint } = finding;
  return { severity, file, line, column, path: pathText(finding.path), message, hint };
}

function parseDocument(file: string, document: SourceDocument): ParsedFile {
  const inText = document.findings.map((finding) => placed(finding, file, finding));
  if (!document.readable) return { objects: [], problems: inText, invalid: [], complete: false };
  const outcome = parseObject(document.value);
  const name = nameOf(document.value);
  if ('object' in outcome && inText.length === 0) {
    const { object } = outcome;
    const parsed = { object, file, position: document.position, locate: document.locate };
    return { objects: [parsed], problems: [], invalid: [], complete: true };
  }
  const findings = 'findings' in outcome ? outcome.findings : [];
  const problems = findings.map((finding) => {
    const part = finding.message.startsWith('unknown field') ? 'key' : 'value';
    return placed(finding, file, document.locate(finding.path, part));
  });
  return {
    objects: [],
    problems: [...inText, ...problems],
    invalid: name === undefined ? [] : [name],
    complete: name !== undefined,
  };
}

function wrongKind(kind: unknown, version: unknown): readonly Finding[] {
  const all = `one of ${kindNames.join(', ')}`;
  const meant = typeof kind === 'string' ? nearest(kind, kindNames) : undefined;
  const wrong = kind === undefined ? 'is missing' : `is ${quote(kind)}`;
  const ofKind = error(['kind'], `${wrong}; ${meant === undefined ? all : `did you mean "${meant}"`}`);
  if (version === apiVersion) return [ofKind];
  const ofVersion = version === undefined ? 'is missing' : `is ${quote(version)}`;
  return [error(['apiVersion'], `${ofVersion}; "${apiVersion}"`), ofKind];
}

function nameOf(value: unknown): ObjectName | undefined {
  const field = (of: unknown, key: string): unknown =>
    typeof of === 'object' && of !== null ? Reflect.get(of, key) : undefined;
  const kind = field(value, 'kind');
  const metadata = field(value, 'metadata');
  const name = field(metadata, 'name');
  const namespace = field(metadata, 'namespace') ?? 'default';
  const known =
    typeof kind === 'string' && isKind(kind) && typeof name === 'string' && typeof namespace === 'string';
  return known ? { kind, name, namespace } : undefined;
}
