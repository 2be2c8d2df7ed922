/**
 * Orders version names as people read them: runs of digits by their value, so that `v2` comes before `v10`.
 */
export function compareVersions(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true }) || (left < right ? -1 : left > right ? 1 : 0);
}

/** Which of a model's versions are served. */
export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly string[] };

/** The versions that a policy chooses out of those there are, in order; a specific one that is missing is kept. */
export function chooseVersions(policy: VersionPolicy, present: readonly string[]): string[] {
  const sorted = present.toSorted(compareVersions);
  if (policy.kind === 'all') return sorted;
  if (policy.kind === 'specific') return [...policy.versions].sort(compareVersions);
  return sorted.slice(-policy.count);
}

/** Reads a policy: `all`, `latest`, `latest=N`, or versions by name with commas between them. */
export function parseVersions(text: string): VersionPolicy {
  if (text === 'all') return { kind: 'all' };
  const [latest, count = '1'] = /^latest(?:=([1-9]\d*))?$/.exec(text) ?? [];
  if (latest !== undefined) return { kind: 'latest', count: Number(count) };
  return { kind: 'specific', versions: text.split(',').map((version) => version.trim()) };
}
