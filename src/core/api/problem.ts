/** Where a field is within an object: names and list positions from the top. */
export type FieldPath = readonly (string | number)[];

/** What is wrong with one field, and what would be right. A warning does not make an object invalid. */
export type Finding = {
  readonly severity: 'error' | 'warning';
  readonly path: FieldPath;
  readonly message: string;
  readonly hint: string;
};

/** A place in a text; lines and columns count from 1. */
export type Position = { readonly line: number; readonly column: number };

/** A finding with the file and the place where a person mends it. */
export type Problem = Position & {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
};

const plainName = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** Writes a path as people do: `spec.versions[1].name`, and `(document)` for the whole. */
export function pathText(path: FieldPath): string {
  if (path.length === 0) return '(document)';
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    if (!plainName.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}

/** `file:line: path: what is wrong; what would be right`, with `warning: ` before the wrong where it is one. */
export function formatProblem({ severity, file, line, path, message, hint }: Problem): string {
  const word = severity === 'warning' ? 'warning: ' : '';
  return `${file}:${line}: ${path}: ${word}${message}; ${hint}`;
}

/** An error at a field; the text is `what is wrong; what would be right`, parted at the last `; `. */
export function error(path: FieldPath, text: string): Finding {
  const parting = text.lastIndexOf('; ');
  if (parting < 0) return { severity: 'error', path, message: text, hint: 'see the reference' };
  return { severity: 'error', path, message: text.slice(0, parting), hint: text.slice(parting + 2) };
}

/** As `error`, for what is likely a slip but can be meant. */
export function warning(path: FieldPath, text: string): Finding {
  return { ...error(path, text), severity: 'warning' };
}
