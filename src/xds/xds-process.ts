import type { Socket } from 'node:net';
import { changeTo } from '../core/delta/change-to.ts';
import type { Engine } from '../core/delta/engine.ts';
import { acknowledgementOf, countedOnce, factsOf, levelsOf } from '../core/delta/stream-facts.ts';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import { identityOfUris } from '../core/security/spiffe.ts';
import type { Method, Methods } from '../grpc/method.ts';
import { serveGrpc } from '../grpc/server.ts';
import type { StreamingCall } from '../grpc/streaming-call.ts';
import type { XdsOptions, XdsServer } from './contract.ts';
import { DiscoveryStreams } from './discovery-streams.ts';
import { FlushSchedule } from './flush-schedule.ts';
import { LoadReportStreams } from './load-reports.ts';
import { MetricsStreams } from './metrics-service.ts';
import { SecretStreams } from './secret-streams.ts';
import { discoveryMethods, LOAD_STATS, STREAM_METRICS } from './services.ts';
import type { XdsSettings } from './settings.ts';

/** How often deadlines are looked at, ms. */
const TICK_MS = 200;
/** 10 is too little for many streams on one connection, as a pool of clients behind a gateway has them. */
const CONNECTION_MEMORY_MB = 512;

/** What serves streams in this process. */
export interface XdsProcess extends Omit<XdsServer, 'address' | 'pids' | 'workers'> {
  readonly engine: Engine;
  /** Takes a connection that another process accepted. */
  take(socket: Socket): void;
}

/**
 * Serves xDS, load reporting and the metrics service over gRPC until it is closed. Rejects with the system's error
 * when the address cannot be listened on.
 *
 * @param listenOn undefined where connections are given to {@link XdsProcess.take}
 */
export async function startXds(
  options: XdsOptions,
  settings: XdsSettings,
  listenOn: { readonly host: string; readonly port: number } | undefined,
): Promise<XdsProcess> {
  const now = options.now ?? Date.now;
  const streams = new DiscoveryStreams(options, settings, now);
  const { engine } = streams;
  const reports = loadReportStreams(options, settings, now);
  const metrics = metricsStreams(options, now);
  const secrets = options.secrets && new SecretStreams(options, settings, options.secrets, now);
  const { requestBytes: maxMessageBytes, keepaliveMs } = settings;
  const server = await serveGrpc({
    listenOn,
    tls: options.tls,
    callers: { ...settings, identify: identityOfUris },
    streamsPerConnection: settings.streamsPerConnection,
    onHandshakeFailed: (peer, reason) => options.listener?.refused?.({ peer, reason: `TLS: ${reason}` }),
    methods: new Map([
      ...discovery(streams, secrets),
      ...loadReporting(reports, settings),
      ...metricsService(options, metrics),
    ]),
    ...{ maxMessageBytes, keepaliveMs, encodings: [], connectionMemoryMb: CONNECTION_MEMORY_MB },
  });

  const schedule = new FlushSchedule(
    settings.coalesceMs,
    () => engine.flush(now()),
    () => options.metrics?.coalesced(),
  );
  const ticks = setInterval(() => {
    streams.tick();
    secrets?.tick();
  }, TICK_MS);
  const heartbeats = new Heartbeats(() => engine.heartbeat(now()));
  return {
    engine,
    port: server.port,
    take: (socket) => server.take(socket),
    publish: (change) => {
      const publication = engine.publish(change, now());
      heartbeats.every(engine.heartbeatIntervalMs());
      schedule.request();
      return publication;
    },
    changeTo: (resources) => changeTo(engine.pool, resources),
    resource: ({ typeUrl, name }) => engine.pool.get(typeUrl, name),
    versions: () => engine.pool.versions(),
    streams: () => {
      const counted = countedOnce(engine);
      return [...engine.streams].flatMap((stream) => factsOf(stream, counted, now()) ?? []);
    },
    acknowledgement: (sequence, keys) => acknowledgementOf(engine, sequence, keys),
    levels: () => levelsOf(engine, now()),
    rotate: (credentials) => server.rotate(credentials),
    admitAgain: () => {
      streams.admitAgain();
      secrets?.admitAgain();
    },
    close: async () => {
      clearInterval(ticks);
      heartbeats.every(undefined);
      schedule.stop();
      const closed = server.close(settings.closeDeadlineMs);
      streams.endAll();
      secrets?.endAll();
      reports.endAll();
      metrics.endAll();
      await closed;
    },
  };
}

function discovery(streams: DiscoveryStreams, secrets: SecretStreams | undefined): Methods {
  return new Map(
    discoveryMethods().map((method) => [
      method.path,
      method.kind === 'stream'
        ? streaming((call) => {
            if (secrets && method.typeUrl === TYPE_URL.sds) secrets.serve(call, method.protocol);
            else streams.serve(call, method.protocol, method.typeUrl);
          })
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
    nodes,
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
    nodes,
    opened: () => metrics?.streamOpened('metrics'),
    report: (report) => listener?.latencyReport?.(report),
    closed: (reason) => metrics?.streamClosed('metrics', reason),
  });
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
