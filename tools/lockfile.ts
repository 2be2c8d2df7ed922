interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
}

/**
 * Whether node_modules holds what package-lock.json says: compares it with the record that npm keeps in
 * node_modules/.package-lock.json (same format). Optional packages, which are those of one platform, may be in either alone.
 */
export function isInstalled(lock: unknown, record: unknown): boolean {
  const wanted = packagesOf(lock);
  const present = packagesOf(record);
  if (wanted === undefined || present === undefined) return false;
  return [...new Set([...Object.keys(wanted), ...Object.keys(present)])].every((path) =>
    agree(wanted[path], present[path]),
  );
}

function agree(wanted: Entry | undefined, present: Entry | undefined): boolean {
  if (wanted === undefined || present === undefined) return (wanted ?? present)?.optional === true;
  return wanted.version === present.version && wanted.integrity === present.integrity;
}

/** The packages by their path, without the project itself (whose path is empty). */
function packagesOf(file: unknown): Readonly<Record<string, Entry>> | undefined {
  if (typeof file !== 'object' || file === null || !('packages' in file)) return undefined;
  const { '': _project, ...packages } = file.packages as Record<string, Entry>;
  return packages;
}
