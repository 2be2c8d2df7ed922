import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import type { XdsMetrics } from '../xds/metrics.ts';
import { type ReportMetrics, reportMetrics } from './report-metrics.ts';

const SHORT_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPE_URL).map(([name, url]) => [url, name]),
);

const shortName = (typeUrl: string): string => SHORT_NAMES.get(typeUrl) ?? 'other';

/** A push is acknowledged within milliseconds, or something is wrong. */
const ACK_BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LOOK_BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1];

/** Everything that Penstock exports of itself. */
export interface PenstockMetrics {
  readonly registry: Registry;
  readonly xds: XdsMetrics;
  readonly specsValid: Gauge;
  readonly specsLoaded: Gauge;
  readonly prometheusReachable: Gauge;
  readonly lookSeconds: Histogram;
  readonly report: ReportMetrics;
  readonly weight: Gauge<'service' | 'version'>;
  readonly breakerAdmitted: Gauge<'service'>;
  readonly frozen: Gauge;
}

/** Creates the metrics with a registry of their own. */
export function createMetrics(): PenstockMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  return {
    registry,
    xds: xdsMetrics(registry),
    specsValid: gauge(
      'penstock_specs_valid',
      '1 while the spec files as they are now are in force, 0 while the last good ones are.',
    ),
    specsLoaded: gauge('penstock_specs_loaded_timestamp_seconds', 'When the specs in force were read.'),
    prometheusReachable: gauge(
      'penstock_prometheus_reachable',
      '1 while Prometheus answers; absent where none is configured.',
    ),
    lookSeconds: new Histogram({
      name: 'penstock_look_duration_seconds',
      help: 'Time of one look at everything: observe, decide, assemble, publish, save.',
      buckets: LOOK_BUCKETS_S,
      registers,
    }),
    report: reportMetrics(registry),
    weight: new Gauge({
      name: 'penstock_version_weight_ratio',
      help: 'Share of the traffic that is configured for a version.',
      labelNames: ['service', 'version'],
      registers,
    }),
    breakerAdmitted: new Gauge({
      name: 'penstock_breaker_admitted_ratio',
      help: 'Share of the traffic that the breaker lets through: 1 closed, 0 open.',
      labelNames: ['service'],
      registers,
    }),
    frozen: gauge('penstock_frozen', '1 while every automatic change is held.'),
  };
}

/** The xDS server's counts as Prometheus metrics. */
function xdsMetrics(registry: Registry): XdsMetrics {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const streams = new Gauge({
    name: 'penstock_xds_streams',
    help: 'Open streams.',
    labelNames: ['protocol'],
    registers,
  });
  const closed = counter('penstock_xds_streams_closed_total', 'Streams that ended, by reason.', [
    'protocol',
    'reason',
  ]);
  const pushes = counter('penstock_xds_pushes_total', 'Answers written to streams.', ['type']);
  const bytes = counter('penstock_xds_push_bytes_total', 'Bytes of the answers written to streams.', [
    'type',
  ]);
  const rejections = counter('penstock_xds_rejections_total', 'Answers that a sidecar rejected (NACK).', [
    'type',
  ]);
  // A series that is born with its first rejection shows no increase.
  for (const type of SHORT_NAMES.values()) rejections.inc({ type }, 0);
  const coalesced = counter(
    'penstock_xds_coalesced_total',
    'Publications told together with an earlier one.',
    [],
  );
  const reports = counter('penstock_load_reports_total', 'Load reports received.', []);
  const acknowledged = new Histogram({
    name: 'penstock_xds_push_to_ack_seconds',
    help: 'From writing an answer to its acknowledgement.',
    labelNames: ['type'],
    buckets: ACK_BUCKETS_S,
    registers,
  });
  return {
    streamOpened: (protocol) => streams.inc({ protocol }),
    streamClosed(protocol, reason) {
      streams.dec({ protocol });
      closed.inc({ protocol, reason });
    },
    pushed(typeUrl, length, answers = 1) {
      pushes.inc({ type: shortName(typeUrl) }, answers);
      bytes.inc({ type: shortName(typeUrl) }, length);
    },
    acknowledged: (typeUrl, afterMs) => acknowledged.observe({ type: shortName(typeUrl) }, afterMs / 1000),
    rejected: (typeUrl) => rejections.inc({ type: shortName(typeUrl) }),
    coalesced: () => coalesced.inc(),
    loadReport: () => reports.inc(),
  };
}
