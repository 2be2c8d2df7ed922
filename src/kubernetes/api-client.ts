import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';
import { ApiError } from './api-error.ts';

/** What is asked of the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with `/api` or `/apis`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** Of a PATCH: how the body is meant. */
  readonly patch?: 'apply' | 'merge';
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** How the API server is reached; read again when credentials are rotated. */
interface Credentials {
  readonly url: URL;
  readonly options: RequestOptions;
}

const CONTENT_TYPE = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
} as const;

const TIMEOUT_MS = 20_000;

/** A server that is silent for longer than this while it streams is taken for gone: bookmarks come each minute. */
const SILENCE_MS = 90_000;

/**
 * Speaks to one API server. Who we are and whom we trust is read as kubectl reads it (@kubernetes/client-node);
 * requests go over connections that stay open, which that library's own do not.
 */
export class ApiClient {
  readonly #config: KubeConfig;
  readonly #agents = new Map<string, Agent>();

  private constructor(config: KubeConfig) {
    this.#config = config;
  }

  /**
   * @param kubeconfig a file; undefined: as kubectl finds it, and within a pod its service account
   * @param context of the kubeconfig; its current one unless given
   * @throws when there is no cluster to be found in it
   */
  static open(kubeconfig: string | undefined, context?: string): ApiClient {
    const config = new KubeConfig();
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    if (context !== undefined) {
      if (config.getContextObject(context) === null)
        throw new Error(`the kubeconfig has no context ${context}; kubectl config get-contexts lists them`);
      config.setCurrentContext(context);
    }
    const server = config.getCurrentCluster()?.server ?? '';
    if (!server.startsWith('https://'))
      throw new Error(
        `the kubeconfig names no API server by https (${server || 'nothing'}); name one with --kubeconfig FILE`,
      );
    return new ApiClient(config);
  }

  /** `https://HOST:PORT`, for people. */
  get url(): string {
    return this.#config.getCurrentCluster()?.server ?? '';
  }

  /** The namespace of the current context, or of the pod that this runs in. */
  get namespace(): string | undefined {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace;
  }

  /**
   * One request and its answer.
   * @throws ApiError when the server says no; what the network says otherwise
   */
  async ask<T>(asked: ApiRequest): Promise<T> {
    return JSON.parse(await bodyOf(await this.#send(asked, TIMEOUT_MS))) as T;
  }

  /**
   * One request and its answer whatever it is, as for something behind the server.
   * @throws what the network says
   */
  async relay(asked: ApiRequest): Promise<Response> {
    const answer = await this.#send(asked, TIMEOUT_MS);
    const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    return new Response(await text(answer), { status: answer.statusCode ?? 0, headers });
  }

  /**
   * What stands under a path, as text.
   * @throws as `ask`
   */
  async text(path: string): Promise<string> {
    return bodyOf(await this.#send({ method: 'GET', path }, TIMEOUT_MS));
  }

  /**
   * Streams lines of JSON until the server ends them or `signal` aborts.
   * @throws as `ask`
   */
  async stream(asked: ApiRequest, onLine: (value: unknown) => void): Promise<void> {
    const response = await this.#send(asked, SILENCE_MS);
    const status = response.statusCode ?? 0;
    if (status >= 300) throw refusal(status, await text(response), response);
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') onLine(JSON.parse(line));
    }
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #send(asked: ApiRequest, silenceMs: number): Promise<IncomingMessage> {
    const { url, options } = await this.#credentials();
    const target = new URL(`${url.pathname.replace(/\/$/, '')}${asked.path}`, url);
    for (const [name, value] of Object.entries(asked.query ?? {}))
      if (value !== undefined) target.searchParams.set(name, String(value));
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    return new Promise((resolve, reject) => {
      const sent: ClientRequest = request(
        target,
        {
          ...options,
          method: asked.method,
          ...(asked.signal === undefined ? {} : { signal: asked.signal }),
          headers: {
            ...options.headers,
            accept: 'application/json',
            'user-agent': 'penstock',
            ...asked.headers,
            ...(body === undefined
              ? {}
              : {
                  'content-type': asked.patch === undefined ? 'application/json' : CONTENT_TYPE[asked.patch],
                  'content-length': Buffer.byteLength(body),
                }),
          },
        },
        resolve,
      );
      sent.setTimeout(silenceMs, () => sent.destroy(new Error(`no answer within ${silenceMs / 1000} s`)));
      sent.once('error', reject);
      sent.end(body);
    });
  }

  async #credentials(): Promise<Credentials> {
    const cluster = this.#config.getCurrentCluster();
    const options: RequestOptions & { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
    await this.#config.applyToHTTPSOptions(options as never);
    // Through a proxy the library's agent is needed; else one of ours, for connections that stay.
    if (cluster?.proxyUrl === undefined) options.agent = this.#agentFor(options);
    return { url: new URL(cluster?.server ?? ''), options };
  }

  /** Rotated certificates are another agent: their connections are others. */
  #agentFor({ ca, cert, key }: { ca?: Buffer; cert?: Buffer; key?: Buffer }): Agent {
    const identity = [ca, cert, key].map((each) => each?.toString('base64') ?? '').join(' ');
    const known = this.#agents.get(identity);
    if (known !== undefined) return known;
    for (const [old, agent] of this.#agents) {
      agent.destroy();
      this.#agents.delete(old);
    }
    const agent = new Agent({ keepAlive: true, maxSockets: 32, timeout: SILENCE_MS });
    this.#agents.set(identity, agent);
    return agent;
  }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const body = await text(response);
  const status = response.statusCode ?? 0;
  if (status >= 300) throw refusal(status, body, response);
  return body;
}

function refusal(status: number, body: string, { headers }: IncomingMessage): ApiError {
  const seconds = Number(headers['retry-after']);
  const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
  return new ApiError(status, messageOf(body) ?? `the API server answers ${status}`, retryAfterMs);
}

/** The message of a `Status` object. */
function messageOf(body: string): string | undefined {
  try {
    const status = JSON.parse(body) as { readonly message?: unknown };
    return typeof status.message === 'string' ? status.message : undefined;
  } catch {
    return body.trim().slice(0, 200) || undefined;
  }
}
