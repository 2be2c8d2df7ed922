import { changeTo } from '../core/delta/change-to.ts';
import { acknowledgementOf, factsOf, levelsOf } from '../core/delta/stream-facts.ts';
import type { Method, Methods } from '../grpc/method.ts';
import { type GrpcServer, serveGrpc } from '../grpc/server.ts';
import type { StreamingCall } from '../grpc/streaming-call.ts';
import { ListenFailed, type XdsOptions, type XdsServer } from './contract.ts';
import { DiscoveryStreams } from './discovery-streams.ts';
import { FlushSchedule } from './flush-schedule.ts';
import { LoadReportStreams } from './load-reports.ts';
import { MetricsStreams } from './metrics-service.ts';
import { discoveryMethods, LOAD_STATS, STREAM_METRICS } from './services.ts';
import { DEFAULT_SETTINGS, type XdsSettings } from './settings.ts';

/** How often deadlines are looked at, ms. */
const TICK_MS = 200;
/** 10 is too little for many streams on one connection, as a pool of clients behind a gateway has them. */
const CONNECTION_MEMORY_MB = 512;

/**
 * Serves xDS and load reporting over gRPC until it is closed.
 *
 * @throws {ListenFailed} the address cannot be listened on
 */
export async function serveXds(options: XdsOptions): Promise<XdsServer> {
  const settings: XdsSettings = { ...DEFAULT_SETTINGS, ...options.settings };
  const now = options.now ?? Date.now;
  const streams = new DiscoveryStreams(options, settings, now);
  const { engine } = streams;
  const reports = loadReportStreams(options, settings, now);
  const metrics = metricsStreams(options, now);
  const server = await listen(
    options,
    settings,
    new Map([
      ...discovery(streams),
      ...loadReporting(reports, settings),
      ...metricsService(options, metrics),
    ]),
  );

  const schedule = new FlushSchedule(
    settings.coalesceMs,
    () => engine.flush(now()),
    () => options.metrics?.coalesced(),
  );
  const ticks = setInterval(() => streams.tick(), TICK_MS);
  const heartbeats = new Heartbeats(() => engine.heartbeat(now()));
  return {
    address: options.address.slice(0, options.address.lastIndexOf(':')),
    port: server.port,
    publish: (change) => {
      const publication = engine.publish(change, now());
      heartbeats.every(engine.heartbeatIntervalMs());
      schedule.request();
      return publication;
    },
    changeTo: (resources) => changeTo(engine.pool, resources),
    resource: ({ typeUrl, name }) => engine.pool.get(typeUrl, name),
    versions: () => engine.pool.versions(),
    streams: () => [...engine.streams].flatMap((stream) => factsOf(engine, stream, now()) ?? []),
    acknowledgement: (sequence, keys) => acknowledgementOf(engine, sequence, keys),
    levels: () => levelsOf(engine, now()),
    close: async () => {
      clearInterval(ticks);
      heartbeats.every(undefined);
      schedule.stop();
      const closed = server.close(settings.closeDeadlineMs);
      streams.endAll();
      reports.endAll();
      metrics.endAll();
      await closed;
    },
  };
}

function discovery(streams: DiscoveryStreams): Methods {
  return new Map(
    discoveryMethods().map((method) => [
      method.path,
      method.kind === 'stream'
        ? streaming((call) => streams.serve(call, method.protocol, method.typeUrl))
        : {
            kind: 'unserved',
            why: `${method.path} is not served: open a stream instead, delta or state of the world`,
          },
    ]),
  );
}

function streaming(open: (call: StreamingCall) => void): Method {
  return { kind: 'streaming', open };
}

function loadReporting(reports: LoadReportStreams, settings: XdsSettings): Methods {
  return new Map(
    settings.loadReportIntervalMs > 0 ? [[LOAD_STATS, streaming((call) => reports.serve(call))]] : [],
  );
}

function loadReportStreams(
  { metrics, listener, nodes }: XdsOptions,
  settings: XdsSettings,
  now: () => number,
) {
  return new LoadReportStreams({
    intervalMs: settings.loadReportIntervalMs,
    now,
    roleOf: (node) => nodes.roleOf(node),
    opened: () => metrics?.streamOpened('lrs'),
    report: (report) => {
      metrics?.loadReport();
      listener?.loadReport?.(report);
    },
    closed: (reason) => metrics?.streamClosed('lrs', reason),
  });
}

function metricsService({ listener }: XdsOptions, streams: MetricsStreams): Methods {
  return new Map(listener?.latencyReport ? [[STREAM_METRICS, streaming((call) => streams.serve(call))]] : []);
}

function metricsStreams({ metrics, listener, nodes }: XdsOptions, now: () => number): MetricsStreams {
  return new MetricsStreams({
    now,
    roleOf: (node) => nodes.roleOf(node),
    opened: () => metrics?.streamOpened('metrics'),
    report: (report) => listener?.latencyReport?.(report),
    closed: (reason) => metrics?.streamClosed('metrics', reason),
  });
}

async function listen(
  { address, tls }: XdsOptions,
  settings: XdsSettings,
  methods: Methods,
): Promise<GrpcServer> {
  const { requestBytes: maxMessageBytes, keepaliveMs } = settings;
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const port = Number(address.slice(colon + 1));
  const limits = { maxMessageBytes, encodings: [], connectionMemoryMb: CONNECTION_MEMORY_MB, keepaliveMs };
  try {
    return await serveGrpc({ host, port, tls, methods, ...limits });
  } catch (error) {
    throw new ListenFailed(address, error as Error & { code?: string });
  }
}

/** Beats at the interval that the resources in force need, or not at all. */
class Heartbeats {
  readonly #beat: () => void;
  #timer: NodeJS.Timeout | undefined;
  #intervalMs: number | undefined;

  constructor(beat: () => void) {
    this.#beat = beat;
  }

  every(intervalMs: number | undefined): void {
    if (intervalMs === this.#intervalMs) return;
    clearInterval(this.#timer);
    this.#intervalMs = intervalMs;
    this.#timer = intervalMs === undefined ? undefined : setInterval(this.#beat, intervalMs);
  }
}
