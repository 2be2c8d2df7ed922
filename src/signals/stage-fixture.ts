import { onTestFinished, vi } from 'vitest';
import { type ModelService, modelServiceSchema } from '../core/api/model-service.ts';
import type { ServiceObservation, VersionObservation } from '../core/observation/observation.ts';
import type { LoadReport } from '../core/signals/load-report.ts';
import { SignalObserver } from './observer.ts';
import { PrometheusClient } from './prometheus/client.ts';

/** What every object begins with. */
export const meta = (kind: string, name: string) => ({
  apiVersion: 'penstock.dev/v1alpha1',
  kind,
  metadata: { name },
});

function serviceNamed(name: string): ModelService {
  return modelServiceSchema.parse({
    ...meta('ModelService', name),
    spec: {
      port: 9000,
      versions: ['v1', 'v2'].map((name, i) => ({
        name,
        endpoints: { static: [{ address: '127.0.0.1', port: 9101 + i }] },
      })),
    },
  });
}

/** Envoy's page: how many requests of v1 ended with which gRPC status, none of v2. */
export function page(name: string, byStatus: Readonly<Record<number, number>>): string {
  const cluster = (version: string) => `envoy_cluster_name="default/${name}/${version}"`;
  const all = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  const method =
    'envoy_grpc_bridge_service="inference_GRPCInferenceService",envoy_grpc_bridge_method="ModelInfer"';
  return [
    '# TYPE envoy_cluster_upstream_rq_total counter',
    `envoy_cluster_upstream_rq_total{${cluster('v1')}} ${all}`,
    `envoy_cluster_upstream_rq_total{${cluster('v2')}} 0`,
    ...Object.entries(byStatus).map(
      ([status, count]) => `envoy_cluster_grpc_${status}{${cluster('v1')},${method}} ${count}`,
    ),
    '',
  ].join('\n');
}

interface Sum {
  requests: number;
  failures: number;
}

/** An observer of one service, and what is done with it. */
export class Stage {
  readonly service: ModelService;
  readonly observer: SignalObserver;

  constructor(name: string, url?: string) {
    this.service = serviceNamed(name);
    const prometheus = url === undefined ? undefined : new PrometheusClient({ url, retries: 0 });
    this.observer = new SignalObserver({ prometheus, pollMs: 100 });
    onTestFinished(() => this.observer.close());
    this.observer.watch([this.service], [], []);
  }

  look(nowMs = Date.now()) {
    const seen: ServiceObservation = this.observer.observe(this.service, nowMs);
    const [v1, v2] = [seen.versions.get('v1'), seen.versions.get('v2')];
    if (v1 === undefined || v2 === undefined) throw new Error('both versions are observed, always');
    return { v1, v2, queries: seen.queries };
  }

  /** Looks until `done`; all that was counted of v1 meanwhile. */
  async lookUntil(done: (sum: Sum, v1: VersionObservation) => boolean): Promise<Sum> {
    const sum: Sum = { requests: 0, failures: 0 };
    const step = () => {
      const { v1 } = this.look();
      if (v1.requests.kind === 'value') {
        sum.requests += v1.requests.value.requests;
        sum.failures += v1.requests.value.failures;
      }
      return done(sum, v1);
    };
    await vi.waitUntil(step, { timeout: 15_000, interval: 50 });
    return sum;
  }

  /** Looks until two scrapes were seen, so that it is known how often is scraped. */
  async readOn(): Promise<Sum> {
    const times = new Set<number>();
    return this.lookUntil((_, { requests }) => requests.kind === 'value' && times.add(requests.at).size >= 2);
  }
}

/** A load report of one caller about v1. */
export function report(
  name: string,
  { successes = 0, errors = 0, at = Date.now() }: { successes?: number; errors?: number; at?: number },
): LoadReport {
  const endpoint = {
    address: '127.0.0.1',
    port: 9101,
    issued: successes + errors,
    successes,
    errors,
    inProgress: 3,
  };
  const metrics = {
    'named_metrics.queue_depth': { count: 4, total: 10 },
    cpu_utilization: { count: 4, total: 2 },
  };
  return {
    nodeId: 'client',
    role: 'outbound',
    at,
    intervalMs: 1000,
    clusters: [{ cluster: `default/${name}/v1`, endpoints: [{ ...endpoint, metrics }], dropped: 0 }],
  };
}
