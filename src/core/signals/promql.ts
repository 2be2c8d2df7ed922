/** A PromQL string literal of any text. */
export function quoteString(text: string): string {
  return `"${escapeString(text)}"`;
}

/** Text as it may stand between the given quotes of a PromQL string (Go's rules: only that quote is escaped). */
export function escapeString(text: string, quote: '"' | "'" = '"'): string {
  return text.replace(/["'\\\n\r\t]/g, (c) => {
    if (c === '\n') return '\\n';
    if (c === '\r') return '\\r';
    if (c === '\t') return '\\t';
    return c === '\\' || c === quote ? `\\${c}` : c;
  });
}

/** Text as it may stand in a regular expression (RE2) to match itself. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}

/** A matcher for one of several exact values. */
export function oneOf(label: string, values: readonly string[]): string {
  const [only, ...others] = values;
  if (only !== undefined && others.length === 0) return `${label}=${quoteString(only)}`;
  return `${label}=~${quoteString(values.map(escapeRegex).join('|'))}`;
}

/** A span in PromQL: whole seconds where they suffice. */
export function formatSpan(spanMs: number): string {
  const wholeMs = Math.max(1, Math.ceil(spanMs));
  return wholeMs % 1000 === 0 ? `${wholeMs / 1000}s` : `${wholeMs}ms`;
}
