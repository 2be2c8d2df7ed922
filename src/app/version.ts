import { readFileSync } from 'node:fs';

/** The version in package.json, found from the sources as well as from `dist/`. */
export function penstockVersion(): string {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === 'penstock' && found.version !== undefined) return found.version;
    } catch {
      // Not at this depth.
    }
  }
  return 'unknown';
}
