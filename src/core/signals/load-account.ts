import type { EndpointLoad, LoadReport } from './load-report.ts';

/**
 * One reporter's account of one endpoint. A request that was issued and is neither finished nor under way
 * has ended without an answer: its caller gave up, or its deadline passed in the sidecar. Envoy counts
 * those nowhere (measured: a call whose deadline passes is neither `successes` nor `errors`), and a version
 * that hangs has no others.
 */
export interface Account {
  /** Under way as of the newest report. */
  readonly inProgress: number;
  /** Issued and not accounted for, ever. */
  readonly missing: number;
  /** Of those, told as abandoned. */
  readonly told: number;
}

/** What a reporter is known by. */
interface Ledger {
  readonly at: number;
  readonly intervalMs: number;
  readonly accounts: ReadonlyMap<string, ReadonlyMap<string, Account>>;
}

export interface Abandoned {
  readonly cluster: string;
  readonly address: string;
  readonly count: number;
}

const BALANCED: Account = { inProgress: 0, missing: 0, told: 0 };

/** Where a report does not tell whether its stream is new, one that comes later than this is taken for it. */
const GAP_INTERVALS = 1.25;

/**
 * Balances a report. The first of a stream opens the accounts anew. The sidecar reads its counters one after the other while requests go on, so that one
 * may be missing in a report and too many in the next: only what is missing in two in a row is told.
 */
export function settleAccounts(
  known: Ledger | undefined,
  report: LoadReport,
): { readonly reporter: Ledger; readonly abandoned: readonly Abandoned[] } {
  const { at, intervalMs } = report;
  const isFirst = report.firstOfStream ?? (known === undefined || at - known.at > GAP_INTERVALS * intervalMs);
  const before = isFirst ? undefined : known;
  const accounts = new Map<string, Map<string, Account>>();
  const abandoned: Abandoned[] = [];
  const settle = (cluster: string, address: string, load: EndpointLoad | undefined) => {
    const last = before?.accounts.get(cluster)?.get(address) ?? BALANCED;
    const { account, count } = before ? balance(last, load) : { account: opening(load), count: 0 };
    if (count > 0) abandoned.push({ cluster, address, count });
    if (account.inProgress === 0 && account.missing === account.told) return;
    const endpoints = accounts.get(cluster) ?? new Map<string, Account>();
    accounts.set(cluster, endpoints.set(address, account));
  };
  const named = new Set<string>();
  for (const { cluster, endpoints } of report.clusters) {
    for (const load of endpoints) {
      named.add(`${cluster} ${addressOf(load)}`);
      settle(cluster, addressOf(load), load);
    }
  }
  for (const [cluster, endpoints] of before?.accounts ?? []) {
    for (const address of endpoints.keys()) {
      if (!named.has(`${cluster} ${address}`)) settle(cluster, address, undefined);
    }
  }
  return { reporter: { at, intervalMs, accounts }, abandoned };
}

/** `ADDRESS:PORT`, as decisions and the representation name an endpoint. */
export function addressOf({ address, port }: EndpointLoad): string {
  return `${address}:${port}`;
}

function opening(load: EndpointLoad | undefined): Account {
  return { ...BALANCED, inProgress: load?.inProgress ?? 0 };
}

function balance(last: Account, load: EndpointLoad | undefined): { account: Account; count: number } {
  const { issued = 0, successes = 0, errors = 0, inProgress = 0 } = load ?? {};
  const missing = last.missing + issued - successes - errors - (inProgress - last.inProgress);
  const told = Math.max(last.told, Math.min(last.missing, missing));
  return { account: { inProgress, missing, told }, count: told - last.told };
}
