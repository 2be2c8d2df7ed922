import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool } from '../../src/app/toolchain.ts';

/** What a version did in the second after `second`. */
export interface Second {
  readonly requests: number;
  readonly failures: number;
  /** Of all its requests. */
  readonly latencyMs: number;
}

const BOUNDS = [5, 10, 25, 50, 100, 250, 500];
const SCRAPE_S = 5;

/**
 * Writes a past into a Prometheus's data folder: the series of one outbound sidecar of `default/fraud`, scraped
 * every five seconds, and a business metric.
 * @param fromS when it begins, s since the epoch
 */
export function writePast(
  folder: string,
  fromS: number,
  seconds: number,
  versions: Readonly<Record<string, (second: number) => Second>>,
): void {
  const lines = new Map<string, string[]>();
  const add = (name: string, labels: Readonly<Record<string, string>>, value: number, at: number) => {
    const text = Object.entries({ ...labels, instance: 'client:9901', job: 'sidecars' })
      .map(([label, each]) => `${label}="${each}"`)
      .join(',');
    const samples = lines.get(name) ?? [];
    samples.push(`${name}{${text}} ${value} ${at}`);
    lines.set(name, samples);
  };
  for (const [version, behaviour] of Object.entries(versions)) {
    const labels = { envoy_cluster_name: `default/fraud/${version}` };
    let [requests, failures, spentMs] = [0, 0, 0];
    const buckets = [...BOUNDS.map(() => 0), 0];
    for (let second = 0; second <= seconds; second++) {
      if (second % SCRAPE_S === 0) {
        const at = fromS + second;
        add('envoy_cluster_upstream_rq_total', labels, requests, at);
        add('envoy_cluster_grpc_0', labels, requests - failures, at);
        add('envoy_cluster_grpc_14', labels, failures, at);
        [...BOUNDS, Number.POSITIVE_INFINITY].forEach((bound, i) => {
          const le = Number.isFinite(bound) ? String(bound) : '+Inf';
          const count = buckets.slice(0, i + 1).reduce((sum, each) => sum + each, 0);
          add('envoy_cluster_upstream_rq_time_bucket', { ...labels, le }, count, at);
        });
        add('envoy_cluster_upstream_rq_time_sum', labels, spentMs, at);
        add('envoy_cluster_upstream_rq_time_count', labels, requests, at);
        // By Little's law, in front of the one instance.
        const { requests: perSecond, latencyMs } = behaviour(second);
        const inbound = { envoy_cluster_name: `inbound/default/fraud/${version}` };
        add('envoy_cluster_upstream_rq_active', inbound, (perSecond * latencyMs) / 1000, at);
        add('orders_total', { version }, requests / 10, at);
      }
      const now = behaviour(second);
      requests += now.requests;
      failures += now.failures;
      spentMs += now.requests * now.latencyMs;
      const bucket = BOUNDS.findIndex((bound) => now.latencyMs <= bound);
      const index = bucket < 0 ? BOUNDS.length : bucket;
      buckets[index] = (buckets[index] ?? 0) + now.requests;
    }
  }
  const text = [...lines].flatMap(([name, samples]) => [`# TYPE ${name} unknown`, ...samples]);
  const file = join(folder, 'past.txt');
  writeFileSync(file, `${text.join('\n')}\n# EOF\n`);
  const args = ['tsdb', 'create-blocks-from', 'openmetrics', file, join(folder, 'data')];
  execFileSync(findTool('promtool').path, args, { stdio: 'ignore' });
}
