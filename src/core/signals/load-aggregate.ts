import type { RequestCounts } from '../observation/observation.ts';
import { type Account, addressOf, settleAccounts } from './load-account.ts';
import type { EndpointLoad, LoadReport, MetricLoad } from './load-report.ts';

/** What the load reports have told since they were last drained. Plain values. */
export interface LoadBook {
  /** Callers' sidecars by node id. */
  readonly reporters: ReadonlyMap<string, Reporter>;
  /** By cluster, then by `ADDRESS:PORT`. */
  readonly clusters: ReadonlyMap<string, ReadonlyMap<string, EndpointTally>>;
  /** Reports whose interval began before this are another source's; by cluster, ms. */
  readonly countFrom: ReadonlyMap<string, number>;
}

export interface Reporter {
  readonly at: number;
  readonly intervalMs: number;
  /** By cluster, then by endpoint; what a report leaves out has nothing under way. */
  readonly accounts: ReadonlyMap<string, ReadonlyMap<string, Account>>;
}

/** One instance over all callers. */
export interface EndpointTally {
  readonly requests: number;
  readonly failures: number;
  readonly abandoned: number;
  /** ORCA metrics since the drain. */
  readonly metrics: ReadonlyMap<string, MetricLoad>;
  /** Their newest means from before the drain. */
  readonly lastMeans: ReadonlyMap<string, { readonly mean: number; readonly at: number }>;
  /** When a report last named it. */
  readonly seenAt: number;
}

/** How well a service is seen by its callers' sidecars. */
export interface ReporterSight {
  readonly fresh: readonly string[];
  readonly lost: readonly string[];
  /** Newest report of a fresh reporter. */
  readonly at: number | undefined;
}

export const EMPTY_LOAD: LoadBook = { reporters: new Map(), clusters: new Map(), countFrom: new Map() };

/** A reporter that missed so many reports is lost. */
const FRESH_INTERVALS = 3;

/** A lost reporter is named for so long; then it is taken for gone and forgotten. */
const FORGET_REPORTER_MS = 60_000;

/** An endpoint that no report names is forgotten. */
const FORGET_ENDPOINT_MS = 5 * 60_000;

const NOTHING: EndpointTally = {
  requests: 0,
  failures: 0,
  abandoned: 0,
  metrics: new Map(),
  lastMeans: new Map(),
  seenAt: 0,
};

/**
 * Adds reports and forgets what is gone. Clusters that are not watched are not kept, and neither are the
 * reports of inbound sidecars: they see the same requests a second time.
 */
export function addReports(
  book: LoadBook,
  reports: readonly LoadReport[],
  watched: ReadonlySet<string>,
  nowMs: number,
): LoadBook {
  const reporters = new Map(book.reporters);
  const clusters = new Map<string, Map<string, EndpointTally>>();
  for (const [cluster, endpoints] of book.clusters) {
    if (watched.has(cluster)) clusters.set(cluster, new Map(endpoints));
  }
  for (const report of reports) {
    if (report.role === 'inbound') continue;
    const loads = report.clusters.filter(({ cluster }) => watched.has(cluster));
    const { reporter, abandoned } = settleAccounts(reporters.get(report.nodeId), {
      ...report,
      clusters: loads,
    });
    reporters.set(report.nodeId, reporter);
    for (const load of loads) {
      const endpoints = clusters.get(load.cluster) ?? new Map<string, EndpointTally>();
      const counts = isCounted(book, load.cluster, report);
      for (const endpoint of load.endpoints) {
        const key = addressOf(endpoint);
        endpoints.set(key, addEndpoint(endpoints.get(key) ?? NOTHING, endpoint, report.at, counts));
      }
      clusters.set(load.cluster, endpoints);
    }
    for (const { cluster, address, count } of abandoned) {
      const endpoints = clusters.get(cluster) ?? new Map<string, EndpointTally>();
      const tally = endpoints.get(address) ?? { ...NOTHING, seenAt: report.at };
      if (isCounted(book, cluster, report))
        endpoints.set(address, { ...tally, abandoned: tally.abandoned + count });
      clusters.set(cluster, endpoints);
    }
  }
  forget(reporters, clusters, nowMs);
  const countFrom = new Map([...book.countFrom].filter(([cluster]) => watched.has(cluster)));
  return { reporters, clusters, countFrom };
}

/** Who reports now, and who did until lately. */
export function sightReporters(book: LoadBook, nowMs: number): ReporterSight {
  const fresh: string[] = [];
  const lost: string[] = [];
  let at: number | undefined;
  for (const [nodeId, reporter] of book.reporters) {
    if (isFresh(reporter, nowMs)) {
      fresh.push(nodeId);
      at = Math.max(at ?? 0, reporter.at);
    } else lost.push(nodeId);
  }
  return { fresh, lost, at };
}

/** Finished requests of a cluster since the drain, over all endpoints. Zero where no report named it. */
export function requestsOf(book: LoadBook, cluster: string): RequestCounts {
  let requests = 0;
  let failures = 0;
  let abandoned = 0;
  for (const endpoint of book.clusters.get(cluster)?.values() ?? []) {
    requests += endpoint.requests;
    failures += endpoint.failures;
    abandoned += endpoint.abandoned;
  }
  return { requests, failures, abandoned };
}

/** Requests under way by endpoint, over the reporters that are fresh. */
export function inFlightOf(
  book: LoadBook,
  clusters: readonly string[],
  nowMs: number,
): ReadonlyMap<string, number> {
  const inFlight = new Map<string, number>();
  for (const reporter of book.reporters.values()) {
    if (!isFresh(reporter, nowMs)) continue;
    for (const [address, { inProgress }] of clusters.flatMap((name) => [
      ...(reporter.accounts.get(name) ?? []),
    ])) {
      inFlight.set(address, (inFlight.get(address) ?? 0) + inProgress);
    }
  }
  return inFlight;
}

/** The book without what was counted of these clusters: it has been told. */
export function drainLoad(book: LoadBook, drained: readonly string[], nowMs: number): LoadBook {
  const clusters = new Map(book.clusters);
  for (const cluster of drained) {
    const endpoints = clusters.get(cluster);
    if (endpoints === undefined) continue;
    const kept = [...endpoints].map(([address, tally]) => [address, drainEndpoint(tally, nowMs)] as const);
    clusters.set(cluster, new Map(kept));
  }
  return { ...book, clusters };
}

/** Drained, and reports about the time before `fromMs` will not be told either. */
export function rebaseLoad(book: LoadBook, rebased: readonly string[], fromMs: number): LoadBook {
  const countFrom = new Map(book.countFrom);
  for (const cluster of rebased) countFrom.set(cluster, fromMs);
  return { ...drainLoad(book, rebased, fromMs), countFrom };
}

function isFresh(reporter: Reporter, nowMs: number): boolean {
  return nowMs - reporter.at <= FRESH_INTERVALS * reporter.intervalMs;
}

/** A report about a time that another source has told is not told again. */
function isCounted(book: LoadBook, cluster: string, report: LoadReport): boolean {
  return report.at - report.intervalMs >= (book.countFrom.get(cluster) ?? Number.NEGATIVE_INFINITY);
}

/** What is under way counts when it ends: only then it is known how. */
function addEndpoint(tally: EndpointTally, load: EndpointLoad, at: number, counts: boolean): EndpointTally {
  const metrics = new Map(tally.metrics);
  for (const [name, { count, total }] of Object.entries(load.metrics)) {
    const sum = metrics.get(name) ?? { count: 0, total: 0 };
    metrics.set(name, { count: sum.count + count, total: sum.total + total });
  }
  return {
    ...tally,
    requests: tally.requests + (counts ? load.successes + load.errors : 0),
    failures: tally.failures + (counts ? load.errors : 0),
    metrics,
    seenAt: Math.max(tally.seenAt, at),
  };
}

/** One endpoint in two clusters. */
export function addTallies(a: EndpointTally, b: EndpointTally): EndpointTally {
  const metrics = new Map(a.metrics);
  for (const [name, { count, total }] of b.metrics) {
    const sum = metrics.get(name) ?? { count: 0, total: 0 };
    metrics.set(name, { count: sum.count + count, total: sum.total + total });
  }
  return {
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    abandoned: a.abandoned + b.abandoned,
    metrics,
    lastMeans:
      a.seenAt >= b.seenAt
        ? new Map([...b.lastMeans, ...a.lastMeans])
        : new Map([...a.lastMeans, ...b.lastMeans]),
    seenAt: Math.max(a.seenAt, b.seenAt),
  };
}

function drainEndpoint(tally: EndpointTally, nowMs: number): EndpointTally {
  const lastMeans = new Map(tally.lastMeans);
  for (const [name, { count, total }] of tally.metrics) {
    if (count > 0) lastMeans.set(name, { mean: total / count, at: Math.min(nowMs, tally.seenAt) });
  }
  return { ...NOTHING, lastMeans, seenAt: tally.seenAt };
}

function forget(
  reporters: Map<string, Reporter>,
  clusters: ReadonlyMap<string, Map<string, EndpointTally>>,
  nowMs: number,
): void {
  for (const [nodeId, reporter] of reporters) {
    const lostMs = nowMs - reporter.at - FRESH_INTERVALS * reporter.intervalMs;
    if (lostMs > FORGET_REPORTER_MS) reporters.delete(nodeId);
  }
  for (const endpoints of clusters.values()) {
    for (const [address, { seenAt }] of endpoints) {
      if (nowMs - seenAt > FORGET_ENDPOINT_MS) endpoints.delete(address);
    }
  }
}
