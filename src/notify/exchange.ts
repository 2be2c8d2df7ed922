/** A request with a body, as it goes over the wire. */
export interface Request {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a receiver said. */
export interface Response {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

const LONGEST_ANSWER_BYTES = 64 * 1024;

/**
 * Posts once. Redirects are not followed: what is signed goes where the spec says.
 * @param timeoutMs of the whole exchange
 * @throws when there is no answer in time, or one that is too long; `explainFailure` says it to people
 */
export async function exchange(
  { url, headers, body }: Request,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    headers: { 'user-agent': 'penstock', ...headers },
  });
  return {
    status: response.status,
    body: await readBody(response.body),
    retryAfter: response.headers.get('retry-after') ?? undefined,
  };
}

/** Why an exchange failed, for people; never the address, which may hold a token. */
export function explainFailure(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const { cause } = error;
  if (error.message !== 'fetch failed' || !(cause instanceof Error)) return error.message;
  return cause.message || ('code' in cause ? String(cause.code) : error.message);
}

/** The receiver for people: an address may hold a token in its path or query. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the receiver';
}

async function readBody(chunks: AsyncIterable<Uint8Array> | null): Promise<string> {
  const read: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks ?? []) {
    size += chunk.length;
    if (size > LONGEST_ANSWER_BYTES) throw new Error('its answer is longer than 64 KiB');
    read.push(chunk);
  }
  return Buffer.concat(read).toString('utf8');
}
