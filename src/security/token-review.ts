import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import * as z from 'zod';
import { type Person, type RoleMapping, roleOfValues } from '../core/security/roles.ts';

export interface TokenReviewOptions {
  /** URL of the API server, https. */
  readonly server: string;
  /** PEM file of the authority of its certificate. */
  readonly caFile: string;
  /** File with the token that may create TokenReviews; read anew each time, since Kubernetes replaces it. */
  readonly tokenFile: string;
  /** Tokens must be for one of these; none: for the API server itself. */
  readonly audiences: readonly string[];
  /** By user name (`system:serviceaccount:NAMESPACE:NAME`) or group. */
  readonly roles: RoleMapping;
}

const TIMEOUT_MS = 5_000;
/** An answer stands so long: a page asks several times a second. */
const REMEMBER_MS = 10_000;
const REMEMBERED = 1_000;
const LONGEST_ANSWER = 256 * 1024;

const reviewSchema = z.object({
  status: z.object({
    authenticated: z.boolean().optional(),
    // Of a token that is nobody's it is there, and empty.
    user: z.object({ username: z.string().optional(), groups: z.array(z.string()).optional() }).optional(),
  }),
});

/** Asks a Kubernetes API server whose token it is (authentication.k8s.io/v1, TokenReview). */
export class TokenReviewer {
  readonly #options: TokenReviewOptions;
  readonly #now: () => number;
  readonly #known = new Map<
    string,
    { readonly person: Promise<Person | undefined>; readonly until: number }
  >();

  constructor(options: TokenReviewOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Undefined: it is not valid, or gives no role. @throws the API server cannot be asked */
  async personOf(bearer: string): Promise<Person | undefined> {
    const key = createHash('sha256').update(bearer).digest('base64');
    const known = this.#known.get(key);
    if (known && known.until > this.#now()) return known.person;
    const person = this.#review(bearer);
    this.#known.delete(key);
    this.#known.set(key, { person, until: this.#now() + REMEMBER_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
    person.catch(() => this.#known.delete(key));
    return person;
  }

  async #review(bearer: string): Promise<Person | undefined> {
    const { audiences, roles } = this.#options;
    const answer = await this.#post({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token: bearer, ...(audiences.length > 0 && { audiences }) },
    });
    const { authenticated, user } = reviewSchema.parse(JSON.parse(answer)).status;
    const name = user?.username;
    if (authenticated !== true || !name) return undefined;
    const role = roleOfValues(roles, [name, ...(user.groups ?? [])]);
    return role && { name, role };
  }

  async #post(body: unknown): Promise<string> {
    const { server, caFile, tokenFile } = this.#options;
    const [ca, token] = await Promise.all([readFile(caFile), readFile(tokenFile, 'utf8')]);
    const url = new URL('/apis/authentication.k8s.io/v1/tokenreviews', server);
    return new Promise((resolve, reject) => {
      const asked = request(
        url,
        {
          method: 'POST',
          ca,
          timeout: TIMEOUT_MS,
          headers: { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
            if (text.length > LONGEST_ANSWER) asked.destroy(new Error('the answer is too long'));
          });
          response.on('end', () => {
            if (response.statusCode === 201 || response.statusCode === 200) resolve(text);
            else reject(new Error(`${url.origin}: TokenReview answered ${response.statusCode}`));
          });
        },
      );
      asked.on('timeout', () =>
        asked.destroy(new Error(`${url.origin}: TokenReview was not answered in time`)),
      );
      asked.on('error', reject);
      asked.end(JSON.stringify(body));
    });
  }
}
