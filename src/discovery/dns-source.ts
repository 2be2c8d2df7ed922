import { lookup, NODATA, NOTFOUND, Resolver } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Follower, FoundEndpoint } from './found-endpoint.ts';

/** The part of a ModelService that names a DNS source. */
export interface DnsSpec {
  readonly name: string;
  /** Of every endpoint; SRV records bring their own. */
  readonly port: number;
  /** Between two resolutions, ms. */
  readonly interval: number;
}

export interface DnsOptions {
  /** `HOST:PORT` of the servers to ask, instead of the system's. */
  readonly servers?: readonly string[];
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 2_000;

/** One empty answer may be a glitch; so many in a row are believed. */
const EMPTY_ANSWERS_BELIEVED = 3;

/**
 * Follows a name: its A and AAAA records, or, where it begins with `_` (`_grpc._tcp.fraud.example`), its
 * SRV records with their ports, weights and priorities. A server that fails leaves what was found last.
 * @returns stops following
 */
export function followDns(spec: DnsSpec, options: DnsOptions, follower: Follower): () => void {
  const stopped = new AbortController();
  const resolver = new Resolver({ timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS, tries: 2 });
  if (options.servers) resolver.setServers(options.servers);
  const isService = spec.name.startsWith('_');
  const resolve = () => (isService ? resolveService(resolver, spec) : resolveHost(resolver, spec, options));
  const run = async () => {
    let empty = 0;
    while (!stopped.signal.aborted) {
      try {
        const found = await resolve();
        if (stopped.signal.aborted) return;
        empty = found.length === 0 ? empty + 1 : 0;
        if (found.length > 0 || empty >= EMPTY_ANSWERS_BELIEVED) follower.found(found);
        else follower.failed(`DNS has no address of ${spec.name}`);
      } catch (error) {
        if (stopped.signal.aborted) return;
        follower.failed(`DNS cannot resolve ${spec.name}: ${reasonOf(error)}`);
      }
      await pause(spec.interval, undefined, { signal: stopped.signal, ref: false }).catch(() => {});
    }
  };
  void run();
  return () => {
    stopped.abort();
    resolver.cancel();
  };
}

async function resolveHost(
  resolver: Resolver,
  { name, port }: DnsSpec,
  { servers }: DnsOptions,
): Promise<readonly FoundEndpoint[]> {
  const addresses = await addressesOf(resolver, name);
  // Names of the hosts file and of search domains are known to the system alone.
  const known = addresses.length > 0 || servers !== undefined ? addresses : await askSystem(name);
  return known.map((address) => ({ address, port, weight: 1, zone: '', tier: 0 }));
}

async function resolveService(resolver: Resolver, { name }: DnsSpec): Promise<readonly FoundEndpoint[]> {
  const records = (await emptyWhereNone(resolver.resolveSrv(name))).sort((a, b) => a.priority - b.priority);
  const tiers = [...new Set(records.map(({ priority }) => priority))];
  const found = records.map(async (record) => {
    const addresses = await addressesOf(resolver, record.name);
    // Weight 0 means hardly ever (RFC 2782), and a sidecar's weight is 1 at least.
    const weight = Math.min(10_000, Math.max(1, record.weight));
    return addresses.map((address) => {
      return { address, port: record.port, weight, zone: '', tier: tiers.indexOf(record.priority) };
    });
  });
  return (await Promise.all(found)).flat();
}

async function addressesOf(resolver: Resolver, name: string): Promise<readonly string[]> {
  const answers = await Promise.all([
    emptyWhereNone(resolver.resolve4(name)),
    emptyWhereNone(resolver.resolve6(name)),
  ]);
  return answers.flat().sort();
}

async function askSystem(name: string): Promise<readonly string[]> {
  const found = await emptyWhereNone(lookup(name, { all: true }));
  return [...new Set(found.map(({ address }) => address))].sort();
}

/** That there is no record is an answer. */
async function emptyWhereNone<T>(answer: Promise<T[]>): Promise<T[]> {
  return answer.catch((error: unknown) => {
    const code = codeOf(error);
    if (code === NOTFOUND || code === NODATA) return [];
    throw error;
  });
}

function reasonOf(error: unknown): string {
  const reasons: Readonly<Record<string, string>> = {
    ETIMEOUT: 'no answer in time',
    ESERVFAIL: 'the server fails',
    EREFUSED: 'the server refuses',
    ECONNREFUSED: 'nobody listens there',
    EAI_AGAIN: 'no answer in time',
  };
  const code = codeOf(error);
  return reasons[code] ?? (code || String(error));
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
