import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { CallRecord } from '../serving/inference.ts';
import { openExporter } from './exporter.ts';
import { spansOf } from './spans.ts';

/** Where the end of each call is told. */
export interface CallLog {
  readonly add: (record: CallRecord) => void;
  close(): Promise<void>;
}

/** Writes calls to the log (at its debug level), and sends the spans of sampled ones to a collector, if there is one. */
export function openCallLog(log: Logger, otlpEndpoint: string | undefined): CallLog {
  const exporter =
    otlpEndpoint === undefined
      ? undefined
      : openExporter({ endpoint: otlpEndpoint, onTrouble: (words) => log.warn(words) });
  const spanId = () => randomBytes(8).toString('hex');
  return {
    add(record) {
      if (record.trace && exporter) exporter.add(spansOf(record, spanId));
      if (!log.isLevelEnabled('debug')) return;
      const { labels, trace, startedEpochMs, ...rest } = record;
      log.debug({ ...labels, ...rest, ...(trace && { traceId: trace.traceId }) }, 'call');
    },
    close: async () => exporter?.close(),
  };
}
