import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Finding } from './checker.ts';

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly license?: string;
  readonly link?: boolean;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Licences under which something may be used beside ours, which is Apache-2.0. */
const ALLOWED = new Set([
  ...[
    'MIT',
    'MIT-0',
    'ISC',
    '0BSD',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'Apache-2.0',
    'BlueOak-1.0.0',
    'Unlicense',
  ],
  ...['CC0-1.0', 'CC-BY-4.0', 'PSF-2.0', 'MPL-2.0'],
]);
/** A plain version or range from the registry; no address, no repository, no folder, nothing that moves. */
const FROM_REGISTRY = /^[\^~]?\d+\.\d+\.\d+(-[\w.]+)?$/;
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** What is wrong with the packages: where they come from, what proves their content, under which licence they are. */
export function packageProblems(
  manifest: Manifest,
  lock: { lockfileVersion?: number; packages?: unknown },
): readonly string[] {
  const packages = Object.entries((lock.packages ?? {}) as Record<string, Entry>).filter(
    ([path]) => path !== '',
  );
  const asked = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  return [
    ...(lock.lockfileVersion === 3
      ? []
      : [`package-lock.json: is of version ${lock.lockfileVersion}; 3 is needed`]),
    ...asked.flatMap(([name, range]) =>
      FROM_REGISTRY.test(range) ? [] : [`package.json: ${name}: ${range} is no version from the registry`],
    ),
    ...packages.flatMap(([path, entry]) => entryProblems(path, entry)),
  ];
}

function entryProblems(path: string, { integrity, resolved, license, link }: Entry): readonly string[] {
  const problems: string[] = [];
  if (!INTEGRITY.test(integrity ?? '')) problems.push('has no sha512 that its content must have');
  if (resolved !== undefined)
    problems.push(`is pinned to an address (${resolved}); the registry alone is asked`);
  if (link === true) problems.push('is a link to a folder');
  if (!isAllowed(license ?? ''))
    problems.push(`is under ${license ?? 'no licence'}, which is not among those allowed`);
  return problems.map((problem) => `package-lock.json: ${path}: ${problem}`);
}

/** Of alternatives one must be allowed, of what holds together all. */
function isAllowed(expression: string): boolean {
  const bare = expression.replace(/^\(|\)$/g, '');
  if (bare.includes(' OR ')) return bare.split(' OR ').some((each) => isAllowed(each));
  return bare.split(' AND ').every((each) => ALLOWED.has(each));
}

/** Versions in tools/versions.env that nothing proves: neither a checksum (or a Go module's sum) beside them nor a go.sum. */
export function unprovenVersions(text: string, provenElsewhere: readonly string[]): readonly string[] {
  const names = [...text.matchAll(/^(\w+)_VERSION=/gm)].map(([, name = '']) => name);
  return names
    .filter((name) => !provenElsewhere.includes(name))
    .filter(
      (name) => !new RegExp(`^${name}((_WHEEL)?_SHA256=[0-9a-f]{64}|_SUM=h1:[\\w+/]{43}=)$`, 'm').test(text),
    )
    .map((name) => `tools/versions.env: ${name}_VERSION has no ${name}_SHA256 beside it`);
}

/** Built from Go modules, which a go.sum of ours pins or (Helm) the checksum database of Go. */
const PROVEN_BY_GO = ['KUBERNETES', 'ISTIOD', 'HELM', 'CONTAINERD', 'RUNC', 'CNI'];

export async function checkPackages(root: string): Promise<Finding> {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const lock = JSON.parse(read('package-lock.json'));
  const problems = [
    ...packageProblems(JSON.parse(read('package.json')), lock),
    ...unprovenVersions(read('tools/versions.env'), PROVEN_BY_GO),
  ];
  return { filesRead: Object.keys(lock.packages ?? {}).length - 1, problems: problems.join('\n') };
}
