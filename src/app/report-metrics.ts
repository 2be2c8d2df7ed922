import { Counter, Gauge, type Registry } from 'prom-client';
import { hookFormats } from '../core/api/webhook.ts';

/** What is counted of telling and saving. */
export interface ReportMetrics {
  readonly decisions: Counter<'reason'>;
  readonly notifications: Counter<'format' | 'result'>;
  readonly saveFailures: Counter;
  /** Has the number of events that wait to be told read at each scrape. */
  waiting(read: () => number): void;
}

/** Registers them. */
export function reportMetrics(registry: Registry): ReportMetrics {
  const registers = [registry];
  let read = () => 0;
  new Gauge({
    name: 'penstock_notifications_waiting',
    help: 'Events that wait to be told to receivers.',
    registers,
    collect() {
      this.set(read());
    },
  });
  const notifications = new Counter({
    name: 'penstock_notifications_total',
    help: 'Events told to receivers, or given up after all tries.',
    labelNames: ['format', 'result'],
    registers,
  });
  // A series that is born with its first failure shows no increase.
  for (const format of hookFormats) notifications.inc({ format, result: 'failed' }, 0);
  return {
    notifications,
    decisions: new Counter({
      name: 'penstock_decisions_total',
      help: 'Decisions by reason, and what people asked for.',
      labelNames: ['reason'],
      registers,
    }),
    saveFailures: new Counter({
      name: 'penstock_save_failures_total',
      help: 'Attempts to save state, decisions or audit that failed.',
      registers,
    }),
    waiting: (reader) => {
      read = reader;
    },
  };
}
