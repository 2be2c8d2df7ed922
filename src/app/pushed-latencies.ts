import { Gauge, type Registry } from 'prom-client';
import {
  addReport,
  type LatencyReport,
  type LatencyWindow,
  latencySince,
} from '../core/signals/latency-report.ts';
import { quantileOf } from '../core/stats/histogram.ts';

const WINDOW_MS = 10_000;
const QUANTILES = [0.5, 0.95, 0.99];

/**
 * Keeps what sidecars push of their latencies, and exports it by version: a second old, where a scrape of every
 * sidecar by Prometheus takes its interval.
 */
export class PushedLatencies {
  #window: LatencyWindow = new Map();

  /** Registers the gauges; a version of which nothing was pushed lately has no series. */
  constructor(registry: Registry, now: () => number) {
    const window = () => this.#window;
    new Gauge({
      name: 'penstock_pushed_latency_seconds',
      help: 'Latency that callers saw within the last 10 s, as their sidecars pushed it, by quantile.',
      labelNames: ['service', 'version', 'quantile'],
      registers: [registry],
      collect() {
        this.reset();
        for (const cluster of window().keys()) {
          const latency = latencySince(window(), cluster, now() - WINDOW_MS);
          if (latency === undefined) continue;
          const [namespace, service, version = ''] = cluster.split('/');
          for (const quantile of QUANTILES) {
            const labels = { service: `${namespace}/${service}`, version, quantile };
            this.set(labels, quantileOf(latency.histogram, quantile) / 1000);
          }
        }
      },
    });
  }

  /** Takes a report of one sidecar. */
  take(report: LatencyReport): void {
    this.#window = addReport(this.#window, report, WINDOW_MS);
  }
}
