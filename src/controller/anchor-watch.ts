import type { ServiceIr } from '../core/ir/ir.ts';
import type { LoadReport } from '../core/signals/load-report.ts';
import { calledThoughIdle, idleVersions } from '../core/signals/unfollowed-weights.ts';

/** A service and its versions without traffic, since a time in ms since the epoch. */
interface Watched {
  readonly service: ServiceIr;
  readonly idle: readonly string[];
  readonly since: number;
  /** By node: the idle version that it calls, and when it last reported. */
  readonly found: Map<string, { readonly version: string; readonly at: number }>;
}

/** Reports that began sooner after a change of weights may tell of calls under the former ones. */
const SETTLE_MS = 1000;
/** A sidecar that has not reported for so long is gone. */
const GONE_AFTER_MS = 60_000;

/**
 * Finds sidecars of Istio's whose anchor lacks versions, by what they report: they go on calling a version that has no
 * traffic. They acknowledge the weights, which say nothing to them.
 */
export class AnchorWatch {
  readonly #watched = new Map<string, Watched>();

  /** These services are published from now on. */
  follow(services: ReadonlyMap<string, ServiceIr>, nowMs: number): void {
    for (const id of [...this.#watched.keys()]) if (!services.has(id)) this.#watched.delete(id);
    for (const [id, service] of services) {
      if (service.versions.length < 2) this.#watched.delete(id);
      else this.#watched.set(id, watchedAfter(this.#watched.get(id), service, nowMs));
    }
  }

  /** Takes note of a load report; cheap, to be called for each. */
  take(report: LoadReport): void {
    if (report.role !== 'istio') return;
    const { nodeId, at, intervalMs } = report;
    for (const { service, idle, since, found } of this.#watched.values()) {
      if (at - intervalMs < since + SETTLE_MS) continue;
      const called = calledThoughIdle(service, idle, report);
      if (called === 'unknown') continue;
      if (called.version === undefined) found.delete(nodeId);
      else found.set(nodeId, { version: called.version, at });
    }
  }

  /** The sidecars that do not follow the weights of a service, each with what is to be done about it. */
  of(service: string): ReadonlyMap<string, string> {
    const found = [...(this.#watched.get(service)?.found ?? [])];
    return new Map(
      found.map(([node, { version }]) => [
        node,
        `${node} (calls ${version}, which has no traffic: its anchor is to be applied again)`,
      ]),
    );
  }
}

/** What was found is forgotten when other versions are idle, and of a sidecar that is gone. */
function watchedAfter(before: Watched | undefined, service: ServiceIr, nowMs: number): Watched {
  const idle = idleVersions(service);
  if (before === undefined || before.idle.join() !== idle.join())
    return { service, idle, since: nowMs, found: new Map() };
  for (const [node, { at }] of before.found) if (nowMs - at > GONE_AFTER_MS) before.found.delete(node);
  return { ...before, service };
}
