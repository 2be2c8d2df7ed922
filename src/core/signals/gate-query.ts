import { escapeRegex, escapeString } from './promql.ts';

/** A query ready to be asked, or why it cannot be. */
export type Rendered =
  | { readonly ok: true; readonly query: string }
  | { readonly ok: false; readonly problem: string };

/** Outside of a string a value is a name, a number or a span, never syntax. */
const BARE_VALUE = /^[A-Za-z0-9_:.]+$/;

const PLACEHOLDER = /^\{\{\s*([^{}]*?)\s*\}\}/;

type Quote = '"' | "'" | '`';

/**
 * Puts values in the place of `{{name}}`. What a value may say depends on where it stands: in a string it
 * is escaped, in the string of a regular expression (`=~`, `!~`) it matches itself, and elsewhere only a
 * name, a number or a span is taken, so that no value can change what the query means.
 */
export function renderQuery(template: string, values: Readonly<Record<string, string>>): Rendered {
  let query = '';
  let quote: Quote | undefined;
  let regex = false;
  for (let at = 0; at < template.length; ) {
    if (quote === undefined && template[at] === '#') {
      // A comment, to the end of its line: a quote in it begins no string, and nothing in it needs a value.
      const end = template.indexOf('\n', at);
      const comment = template.slice(at, end < 0 ? undefined : end);
      query += comment;
      at += comment.length;
      continue;
    }
    const placeholder = PLACEHOLDER.exec(template.slice(at));
    if (placeholder) {
      const filled = fill(placeholder[1] ?? '', values, quote, regex);
      if (!filled.ok) return filled;
      query += filled.query;
      at += placeholder[0].length;
      continue;
    }
    const char = template[at] ?? '';
    const length = quote !== undefined && quote !== '`' && char === '\\' ? 2 : 1;
    if (quote === undefined && isQuote(char)) {
      regex = /[=!]~\s*$/.test(query);
      quote = char;
    } else if (char === quote) quote = undefined;
    query += template.slice(at, at + length);
    at += length;
  }
  return { ok: true, query };
}

function fill(
  name: string,
  values: Readonly<Record<string, string>>,
  quote: Quote | undefined,
  regex: boolean,
): Rendered {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) {
    const known = Object.keys(values).sort().join(', ');
    return { ok: false, problem: `{{${name}}} has no value; known are ${known}` };
  }
  if (quote === undefined) {
    if (BARE_VALUE.test(value)) return { ok: true, query: value };
    return { ok: false, problem: `{{${name}}} is ${JSON.stringify(value)}, which must stand in quotes` };
  }
  const literal = regex ? escapeRegex(value) : value;
  if (quote !== '`') return { ok: true, query: escapeString(literal, quote) };
  if (!literal.includes('`')) return { ok: true, query: literal };
  return { ok: false, problem: `{{${name}}} has a backtick, which cannot stand between backticks` };
}

function isQuote(char: string): char is Quote {
  return char === '"' || char === "'" || char === '`';
}
