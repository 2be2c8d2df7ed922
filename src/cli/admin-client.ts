/** Where the control plane's HTTP API is, unless `--admin` or PENSTOCK_ADMIN says otherwise. */
export const DEFAULT_ADMIN_URL = 'http://127.0.0.1:18080';

/** The control plane could not be asked, or refused; `message` is one line for people. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  /** HTTP status, or undefined when nothing answered. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** How a request travels: as `fetch` does it, unless the control plane is reached in another way. */
export type Send = (url: URL, init: RequestInit) => Promise<Response>;

/** A client of the HTTP API; each call is bounded in time. */
export class AdminClient {
  readonly #base: URL;
  readonly #timeoutMs: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #send: Send;

  /**
   * @param token who asks; PENSTOCK_TOKEN unless given
   * @param send how requests travel
   * @throws AdminError when the address is no HTTP URL.
   */
  constructor(
    address: string,
    {
      timeoutMs = 10_000,
      token = process.env.PENSTOCK_TOKEN,
      send = fetch,
    }: { timeoutMs?: number; token?: string | undefined; send?: Send } = {},
  ) {
    const url = address.includes('://') ? address : `http://${address}`;
    if (!URL.canParse(url)) throw new AdminError(`${address}: not an address; give http://HOST:PORT`);
    this.#base = new URL(url);
    this.#timeoutMs = timeoutMs;
    this.#send = send;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** GETs a JSON document below `/api/v1/`. */
  async fetch<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
    const { text } = await this.fetchText(path, query);
    return JSON.parse(text) as T;
  }

  /** GETs a document below `/api/v1/` as it is. */
  async fetchText(
    path: string,
    query: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly text: string; readonly headers: Headers }> {
    const url = this.#url(path);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const response = await this.#ask(url, {});
    return { text: await response.text(), headers: response.headers };
  }

  /** POSTs to a path below `/api/v1/` and gives back the answer. */
  async post<T>(path: string, body: unknown = {}): Promise<T> {
    const response = await this.#ask(this.#url(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as T;
  }

  #url(path: string): URL {
    return new URL(`api/v1/${path}`, this.#base.href.endsWith('/') ? this.#base : `${this.#base.href}/`);
  }

  async #ask(url: URL, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      const headers = { ...init.headers, ...this.#headers };
      response = await this.#send(url, { ...init, headers, signal: AbortSignal.timeout(this.#timeoutMs) });
    } catch (error) {
      if (error instanceof AdminError) throw error;
      throw new AdminError(
        `${this.#base.origin}: no control plane answers there; is \`penstock serve\` running, with this --admin-address?`,
        undefined,
        error,
      );
    }
    if (!response.ok) throw new AdminError(await problemOf(response), response.status);
    return response;
  }
}

/** The one line of an RFC 9457 problem, or the status when the body is something else. */
async function problemOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? `HTTP ${response.status}`;
  } catch {
    return `HTTP ${response.status} from ${new URL(response.url).pathname}`;
  }
}
