import { isIP } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { parseConsulInstances } from './consul-format.ts';
import { backoffMs, type Follower } from './found-endpoint.ts';

/** The part of a ModelService that names a Consul source. */
export interface ConsulSpec {
  readonly service: string;
  readonly tag?: string | undefined;
  readonly datacenter?: string | undefined;
}

export interface ConsulOptions {
  /** `http(s)://HOST:PORT` of an agent. */
  readonly url: string;
  /** ACL token. */
  readonly token?: string;
  /** How long a query may block, ms. */
  readonly waitMs?: number;
}

/** Below the minute after which many proxies cut silent connections. */
const DEFAULT_WAIT_MS = 50_000;

/** Consul adds up to a sixteenth of the wait to it; beyond that, and some time for the way, it is silent. */
const GRACE_MS = 5_000;

/** A busy index makes every query return at once; the agent is not asked more often than this. */
const SHORTEST_ROUND_MS = 100;

const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Follows the passing instances of a service by blocking queries (`/v1/health/service`). An agent that
 * fails leaves what was found last.
 * @returns stops following
 */
export function followConsul(spec: ConsulSpec, options: ConsulOptions, follower: Follower): () => void {
  const stopped = new AbortController();
  const run = async () => {
    let index = 0;
    let failures = 0;
    while (!stopped.signal.aborted) {
      const startedAt = performance.now();
      let restMs: number;
      try {
        const answer = await queryInstances(spec, options, index, stopped.signal);
        // An index that goes back means that the server's state was restored: start again from its present.
        index = answer.index < index ? 0 : answer.index;
        failures = 0;
        tell(spec, answer.body, follower);
        restMs = SHORTEST_ROUND_MS - (performance.now() - startedAt);
      } catch (error) {
        if (stopped.signal.aborted) return;
        index = 0;
        follower.failed(`Consul at ${options.url} cannot tell of ${spec.service}: ${reasonOf(error)}`);
        restMs = backoffMs(failures++, FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS);
      }
      if (restMs > 0) await pause(restMs, undefined, { signal: stopped.signal, ref: false }).catch(() => {});
    }
  };
  void run();
  return () => stopped.abort();
}

async function queryInstances(
  { service, tag, datacenter }: ConsulSpec,
  { url, token, waitMs = DEFAULT_WAIT_MS }: ConsulOptions,
  index: number,
  signal: AbortSignal,
): Promise<{ readonly index: number; readonly body: unknown }> {
  const target = new URL(`${url.replace(/\/+$/, '')}/v1/health/service/${encodeURIComponent(service)}`);
  target.searchParams.set('passing', '1');
  if (tag !== undefined) target.searchParams.set('tag', tag);
  if (datacenter !== undefined) target.searchParams.set('dc', datacenter);
  if (index > 0) {
    target.searchParams.set('index', String(index));
    target.searchParams.set('wait', `${waitMs}ms`);
  }
  const deadline = AbortSignal.timeout(Math.ceil(waitMs * (1 + 1 / 16)) + GRACE_MS);
  const response = await fetch(target, {
    headers: token === undefined ? {} : { 'x-consul-token': token },
    signal: AbortSignal.any([signal, deadline]),
  });
  if (!response.ok) {
    const text = (await response.text()).trim().slice(0, 200);
    throw new Error(`it answers ${response.status}${text ? `: ${text}` : ''}`);
  }
  const newIndex = Number(response.headers.get('x-consul-index') ?? 0);
  return {
    index: Number.isSafeInteger(newIndex) && newIndex > 0 ? newIndex : 0,
    body: await response.json(),
  };
}

function tell(spec: ConsulSpec, body: unknown, follower: Follower): void {
  const instances = parseConsulInstances(body);
  if (instances === undefined) {
    follower.failed(`Consul's answer for ${spec.service} is no list of instances`);
    return;
  }
  const named = instances.find(({ address }) => isIP(address) === 0);
  follower.found(instances.filter(({ address }) => isIP(address) !== 0));
  if (named)
    follower.failed(`${spec.service} in Consul has the address "${named.address}"; an IP address is wanted`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const cause = error.cause;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return code === 'ECONNREFUSED' ? 'connection refused; is the agent running?' : code || error.message;
}
