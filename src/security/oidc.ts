import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import * as z from 'zod';
import { isLoopbackAddress } from '../core/security/loopback.ts';
import { type Person, type RoleMapping, roleOfValues } from '../core/security/roles.ts';

export interface OidcOptions {
  /** URL of the issuer, as it stands in its tokens. */
  readonly issuer: string;
  readonly audience: string;
  /** The claim that names the person. */
  readonly nameClaim: string;
  /** The claim with the groups or roles; text, or a list of texts. */
  readonly groupsClaim: string;
  readonly roles: RoleMapping;
}

/** The issuer cannot be used; the message says why. */
class IssuerRefused extends Error {
  override readonly name = 'IssuerRefused';
}

/** Signatures that only the issuer can make: nothing with a shared secret, nothing without a signature. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_TOLERANCE_S = 5;
const TIMEOUT_MS = 5_000;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Believes ID tokens (and JWT access tokens) of one OpenID Connect issuer. */
export class OidcIssuer {
  readonly #options: OidcOptions;
  #keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;

  /** @throws {IssuerRefused} */
  constructor(options: OidcOptions) {
    assertSecure(options.issuer);
    this.#options = options;
  }

  /** Whose token it is; undefined: it is not valid, or gives no role. @throws the issuer cannot be asked */
  async personOf(bearer: string): Promise<Person | undefined> {
    const keys = await this.#issuerKeys();
    try {
      const { payload } = await jwtVerify(bearer, keys, {
        issuer: this.#options.issuer,
        audience: this.#options.audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'sub'],
      });
      return this.#personIn(payload);
    } catch (error) {
      if (error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout)) return undefined;
      throw error;
    }
  }

  #personIn(payload: JWTPayload): Person | undefined {
    const { nameClaim, groupsClaim, roles } = this.#options;
    const role = roleOfValues(roles, textsIn(payload[groupsClaim]));
    const [name = payload.sub] = textsIn(payload[nameClaim]);
    return role && name ? { name, role } : undefined;
  }

  /** Asked for once, and again after a failure. */
  #issuerKeys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    this.#keys ??= this.#discover().catch((error: unknown) => {
      this.#keys = undefined;
      throw error;
    });
    return this.#keys;
  }

  /** "OpenID Connect Discovery 1.0", section 4. */
  async #discover(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const { issuer } = this.#options;
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' });
    if (!response.ok) throw new IssuerRefused(`${url}: answered ${response.status}`);
    const found = metadata.safeParse(await response.json());
    if (!found.success) throw new IssuerRefused(`${url}: is no configuration of an issuer`);
    if (found.data.issuer !== issuer)
      throw new IssuerRefused(`${url}: is the configuration of ${found.data.issuer}, not of ${issuer}`);
    assertSecure(found.data.jwks_uri);
    return createRemoteJWKSet(new URL(found.data.jwks_uri), { timeoutDuration: TIMEOUT_MS });
  }
}

/** Keys that come over plaintext could be anybody's. */
function assertSecure(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isLocal = parsed?.protocol === 'http:' && isLoopbackAddress(`${parsed.hostname}:${parsed.port}`);
  if (parsed?.protocol !== 'https:' && !isLocal)
    throw new IssuerRefused(`${url}: an https URL is needed (http on loopback only)`);
}

function textsIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) ? claim.filter((each): each is string => typeof each === 'string') : [];
}
