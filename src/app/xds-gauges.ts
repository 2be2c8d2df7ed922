import { Gauge, type Registry } from 'prom-client';
import type { Levels } from '../core/delta/facts.ts';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import type { WorkerFacts, XdsServer } from '../xds/contract.ts';

/**
 * Registers the gauges that say how much the xDS server holds and how far behind its slowest stream is, read at
 * the moment of the scrape. Their labels have a handful of values, however many sidecars there are. The delay of
 * this process's event loop is among the default metrics (`nodejs_eventloop_lag_…`), that of workers stands here.
 */
export function registerXdsGauges(registry: Registry, xds: Pick<XdsServer, 'levels' | 'workers'>): void {
  const levels = () => xds.levels();
  const byType = (name: string, help: string, read: (levels: Levels) => Levels['resources']) =>
    new Gauge({
      name,
      help,
      labelNames: ['type'],
      registers: [registry],
      collect() {
        const counts = read(levels());
        for (const [type, url] of Object.entries(TYPE_URL)) this.set({ type }, counts.get(url) ?? 0);
      },
    });
  const single = (name: string, help: string, read: (levels: Levels) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(levels()));
      },
    });
  byType('penstock_xds_resources', 'Resources that are there to be served.', (l) => l.resources);
  byType('penstock_xds_subscriptions', 'Types that streams are subscribed to.', (l) => l.subscriptions);
  single('penstock_xds_laggards', 'Streams that have not acknowledged everything.', (l) => l.laggards);
  single(
    'penstock_xds_slowest_lag_seconds',
    'How long the slowest stream has been behind; 0 while none is.',
    (l) => l.slowestLagMs / 1000,
  );
  const ofWorker = (name: string, help: string, read: (facts: WorkerFacts) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['worker'],
      registers: [registry],
      collect() {
        this.reset();
        xds.workers().forEach((facts, worker) => {
          this.set({ worker }, read(facts));
        });
      },
    });
  ofWorker('penstock_xds_worker_connections', 'Connections that a worker has.', (w) => w.connections);
  ofWorker('penstock_xds_worker_cpu_seconds', 'CPU time of a worker since it began.', (w) => w.cpuSeconds);
  ofWorker('penstock_xds_worker_resident_bytes', 'Memory of a worker.', (w) => w.residentBytes);
  ofWorker(
    'penstock_xds_worker_event_loop_delay_seconds',
    'How late timers of a worker were within the last second, 99th percentile.',
    (w) => w.eventLoopDelayMs / 1000,
  );
}
