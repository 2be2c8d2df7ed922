import { stringify } from 'yaml';
import type { Layout } from './layout.ts';

/** Prometheus's configuration: every Envoy, every model server, and Penstock itself. */
export function prometheusConfig(layout: Layout, scrapeInterval: string): string {
  const targets = (ports: readonly number[]) => [{ targets: ports.map((port) => `127.0.0.1:${port}`) }];
  return stringify({
    global: { scrape_interval: scrapeInterval, scrape_timeout: scrapeInterval },
    scrape_configs: [
      {
        job_name: 'sidecars',
        metrics_path: '/stats/prometheus',
        static_configs: targets([...layout.instances, ...layout.clients].map((each) => each.envoyAdminPort)),
      },
      { job_name: 'models', static_configs: targets(layout.instances.map((each) => each.httpPort)) },
      { job_name: 'penstock', static_configs: targets([layout.adminPort]) },
    ],
  });
}
