/** The minor versions of Istio that the anchor is made for. Of their API it uses what all of them have. */
const SUPPORTED = { oldest: 28, newest: 31 } as const;

/**
 * Whether the anchor may be used with this Istio (`1.29`, `1.29.2`).
 * @returns one line that says why not and what would be right; undefined: it may
 */
export function istioVersionProblem(version: string): string | undefined {
  const range = `Istio 1.${SUPPORTED.oldest} to 1.${SUPPORTED.newest}`;
  const parts = /^v?(\d+)\.(\d+)(?:\.\d+)?(?:-[\w.]+)?$/.exec(version);
  if (parts === null) return `${version} is no version of Istio; such as 1.${SUPPORTED.newest}`;
  const [major, minor] = [Number(parts[1]), Number(parts[2])];
  if (major === 1 && minor >= SUPPORTED.oldest && minor <= SUPPORTED.newest) return undefined;
  return `the anchor is made for ${range}, not for ${version}`;
}
