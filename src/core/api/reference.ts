import { annotatedSchema, anyKindSchema, editorSchema, isContainer, type JsonSchema } from './json-schema.ts';
import { type Kind, kindNames } from './kinds.ts';
import { apiVersion } from './metadata.ts';

/**
 * Everything that is derived from the kinds for people and editors.
 * @param examples for each kind, one object as YAML
 * @returns the text of each file by its path under `docs/reference/`
 */
export function referenceFiles(examples: Readonly<Record<Kind, string>>): ReadonlyMap<string, string> {
  const files = new Map<string, string>([['README.md', index()]]);
  for (const kind of kindNames) {
    files.set(`${fileName(kind)}.md`, page(kind, examples[kind]));
    files.set(`schema/${fileName(kind)}.json`, json(editorSchema(kind)));
  }
  return files.set('schema/penstock.json', json(anyKindSchema()));
}

function index(): string {
  const rows = kindNames.map(
    (kind) => `| [${kind}](${fileName(kind)}.md) | ${annotatedSchema(kind).description ?? ''} |`,
  );
  return `${marker}
# Reference of the kinds

All of \`${apiVersion}\`. A file may hold several objects, parted by \`---\`. \`penstock check -f FILE\` validates.

| Kind | What it is |
|---|---|
${rows.join('\n')}

Durations are numbers with the units \`h\`, \`m\`, \`s\` or \`ms\`, such as \`30s\`, \`80ms\`, \`1h30m\` or \`0s\`.
Percentages go from 0 to 100; fractions lie between 0 and 1.

Editors complete and check a file that begins with a line such as
\`# yaml-language-server: $schema=schema/penstock.json\` (the path from that file to [the schema](schema/penstock.json)).
`;
}

const marker = '<!-- Generated from src/core/api by tools/generate-reference.ts; edits are lost. -->\n';

function page(kind: Kind, example: string): string {
  const schema = annotatedSchema(kind);
  const sections = withoutRepetition(sectionsOf('', schema, ''));
  return `${marker}
# ${kind}

${schema.description ?? ''}

\`\`\`yaml
${example.trim()}
\`\`\`

${sections.join('\n')}`;
}

type Section = { readonly path: string; readonly label: string; readonly body: string };

/** Sections of the same path that say the same become one; others keep the label that tells them apart. */
function withoutRepetition(sections: readonly Section[]): readonly string[] {
  const byPath = Map.groupBy(sections, ({ path }) => path);
  return [...byPath].flatMap(([path, group]) => {
    const title = path === '' ? 'Top' : code(path);
    const same = group.every(({ body }) => body === group[0]?.body);
    return (same ? group.slice(0, 1) : group).map(
      ({ label, body }) => `## ${title}${same ? '' : label}\n\n${body}\n`,
    );
  });
}

/** One section for an object (one for each alternative, where there are some), then those of what is in it. */
function sectionsOf(path: string, schema: JsonSchema, label: string): readonly Section[] {
  const branches = branchesOf(schema);
  if (branches.length > 0)
    return branches.flatMap((alternative) => section(path, alternative.branch, alternative.label));
  return section(path, schema, label);
}

function section(path: string, schema: JsonSchema, label: string): readonly Section[] {
  const fields = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required ?? []);
  const rows = fields.map(([name, field]) => row(name, field, required.has(name)));
  const rules = [...rule('Exactly one', schema.oneOf), ...rule('At least one', schema.anyOf)];
  const body = [...rules, '| Field | Type | Default | Description |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
  const inner = fields.flatMap(([name, field]) =>
    nested(path === '' ? name : `${path}.${name}`, field, label),
  );
  return [{ path, label, body }, ...inner];
}

function rule(how: string, branches: readonly JsonSchema[] = []): readonly string[] {
  const names = branches.flatMap((branch) =>
    branch.properties === undefined ? (branch.required ?? []) : [],
  );
  return names.length === 0 ? [] : [`${how} of ${names.map(code).join(', ')}.`, ''];
}

/** The sections that a field needs for itself: those of its objects, of its items, of its alternatives. */
function nested(path: string, field: JsonSchema, label: string): readonly Section[] {
  if (field.items !== undefined) return nested(`${path}[]`, field.items, label);
  if (field.properties !== undefined || branchesOf(field).length > 0) return sectionsOf(path, field, label);
  const alternatives = (field.anyOf ?? []).filter((branch) => branch.properties !== undefined);
  return alternatives.flatMap((branch) => sectionsOf(path, branch, label));
}

type Branch = { readonly label: string; readonly branch: JsonSchema };

/** The alternatives of a union that is told apart by a field with a constant value. */
function branchesOf(schema: JsonSchema): readonly Branch[] {
  return (schema.oneOf ?? []).flatMap((branch) => {
    const tag = Object.entries(branch.properties ?? {}).find(([, field]) => field.const !== undefined);
    return tag === undefined ? [] : [{ label: ` with ${code(`${tag[0]}: ${tag[1].const}`)}`, branch }];
  });
}

function row(name: string, field: JsonSchema, isRequired: boolean): string {
  const example =
    field.examples === undefined ? '' : ` Example: ${field.examples.map((it) => code(show(it))).join(', ')}.`;
  const cells = [
    code(name),
    typeOf(field),
    defaultOf(field, isRequired),
    `${field.description ?? ''}${example}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function defaultOf(field: JsonSchema, isRequired: boolean): string {
  if (isRequired) return '**required**';
  if (field.default === undefined || isContainer(field)) return '';
  return `${code(show(field.default))}: ${field['x-default-why'] ?? ''}`;
}

function typeOf(field: JsonSchema): string {
  if (field['x-penstock-type'] !== undefined) return `${field['x-penstock-type']}${boundsOf(field)}`;
  if (field.const !== undefined) return code(show(field.const));
  if (field.enum !== undefined) return field.enum.map((it) => code(show(it))).join(' | ');
  if (field.items !== undefined) return `list of ${typeOf(field.items)}`;
  const parts = field.properties === undefined && branchesOf(field).length === 0 ? (field.anyOf ?? []) : [];
  if (parts.length > 0) return [...new Set(parts.map(typeOf))].join(' | ');
  if (typeof field.additionalProperties === 'object') return `map to ${typeOf(field.additionalProperties)}`;
  const names: Record<string, string> = { string: 'text', boolean: 'true | false' };
  return `${names[field.type ?? 'object'] ?? field.type ?? 'object'}${boundsOf(field)}`;
}

function boundsOf(field: JsonSchema): string {
  if (field['x-penstock-type'] === 'fraction') return '';
  const { minimum, exclusiveMinimum, maximum } = field;
  const low = exclusiveMinimum === undefined ? minimum?.toString() : `more than ${exclusiveMinimum}`;
  const high = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum.toString();
  if (low === undefined && high === undefined) return '';
  if (low === undefined) return `, at most ${high}`;
  if (high === undefined) return exclusiveMinimum === undefined ? `, at least ${low}` : `, ${low}`;
  return exclusiveMinimum === undefined ? `, ${low} to ${high}` : `, ${low}, at most ${high}`;
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function code(text: string): string {
  return `\`${text}\``;
}

function json(schema: JsonSchema): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function fileName(kind: Kind): string {
  return kind.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}
