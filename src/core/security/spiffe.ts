/**
 * A SPIFFE ID, `spiffe://TRUST-DOMAIN/PATH`: the name of a workload in its certificate.
 * "The SPIFFE Identity and Verifiable Identity Document", section 2.
 */
const TRUST_DOMAIN = /^[a-z0-9._-]{1,255}$/;
const SEGMENT = /^[a-zA-Z0-9._-]+$/;
/** "SPIFFE ID maximum length", bytes. */
const LONGEST = 2048;

/** What is wrong with a text as a SPIFFE ID, or undefined when nothing is. */
export function spiffeMistake(text: string): string | undefined {
  if (text.length > LONGEST) return `is longer than ${LONGEST} characters`;
  if (!text.startsWith('spiffe://')) return 'does not begin with spiffe://';
  const [domain = '', ...segments] = text.slice('spiffe://'.length).split('/');
  if (!TRUST_DOMAIN.test(domain)) return 'has no trust domain of lower-case letters, digits, dots and dashes';
  if (segments.length === 0) return 'has no path';
  const bad = segments.find((segment) => !SEGMENT.test(segment) || segment === '.' || segment === '..');
  return bad === undefined ? undefined : `has the path segment ${JSON.stringify(bad)}`;
}

/**
 * The identity in a certificate's URI names. "X.509-SVID", section 2: exactly one URI, else the certificate is not
 * to be believed.
 *
 * @returns the SPIFFE ID, or one line that says why there is none
 */
export function identityOfUris(
  uris: readonly string[],
): { readonly id: string } | { readonly refused: string } {
  const [uri, ...others] = uris;
  if (uri === undefined)
    return { refused: 'the client certificate names no SPIFFE ID; give it one URI, spiffe://DOMAIN/PATH' };
  if (others.length > 0)
    return { refused: `the client certificate names ${uris.length} URIs; exactly one is allowed` };
  const mistake = spiffeMistake(uri);
  return mistake === undefined ? { id: uri } : { refused: `the client certificate's URI ${uri} ${mistake}` };
}

/**
 * Whether an identity is one of those that a pattern means: equal, `*` for any one segment, and `**` as the last
 * segment for any rest. A pattern never spans trust domains.
 */
export function matchesIdentity(pattern: string, id: string): boolean {
  const wanted = pattern.split('/');
  const given = id.split('/');
  for (const [index, part] of wanted.entries()) {
    if (part === '**' && index === wanted.length - 1 && index > 2) return given.length > index;
    const segment = given[index];
    if (segment === undefined || (part !== segment && (part !== '*' || index < 3))) return false;
  }
  return wanted.length === given.length;
}
