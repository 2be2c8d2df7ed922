import type { Reading } from '../core/observation/reading.ts';
import { endpointOf } from '../core/signals/instance.ts';
import type { FamilyTally } from '../core/signals/series-reading.ts';
import { instanceLatencies } from '../core/signals/versions.ts';

/** Longer than three of the usual scrapes without a new answer is stale. */
const FRESH_MS = 45_000;
const FORGET_MS = 5 * 60_000;

/** Mean latency of each endpoint as it was scraped last: between two scrapes there is no news. */
export class EndpointLatencies {
  readonly #means = new Map<string, Map<string, { readonly meanMs: number; readonly at: number }>>();

  /** Takes what the newest looks have told of a version's instances. */
  learn(
    cluster: string,
    tallies: readonly FamilyTally[],
    version: string,
    endpoints: readonly { readonly address: string }[],
    nowMs: number,
  ): void {
    const known = this.#means.get(cluster) ?? new Map<string, { meanMs: number; at: number }>();
    const addresses = endpoints.map(({ address }) => address);
    for (const { labels, meanMs } of instanceLatencies(tallies, version)) {
      const address = endpointOf(labels, addresses);
      if (address !== undefined) known.set(address, { meanMs, at: nowMs });
    }
    for (const [address, { at }] of known) if (nowMs - at > FORGET_MS) known.delete(address);
    this.#means.set(cluster, known);
  }

  read(cluster: string, address: string, nowMs: number): Reading<number> | undefined {
    const mean = this.#means.get(cluster)?.get(address);
    if (mean === undefined) return undefined;
    if (nowMs - mean.at <= FRESH_MS) return { kind: 'value', value: mean.meanMs, at: mean.at };
    return { kind: 'stale', lastAt: mean.at, detail: 'no request ended since' };
  }

  retain(clusters: ReadonlySet<string>): void {
    for (const cluster of this.#means.keys()) if (!clusters.has(cluster)) this.#means.delete(cluster);
  }
}
