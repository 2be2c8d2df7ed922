import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition,
  type sendUnaryData,
  setLogVerbosity,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { changeTo } from '../core/delta/change-to.ts';
import { acknowledgementOf, factsOf } from '../core/delta/stream-facts.ts';
import type { RawCall } from './call-sink.ts';
import { ListenFailed, type XdsOptions, type XdsServer } from './contract.ts';
import { DiscoveryStreams } from './discovery-streams.ts';
import { FlushSchedule } from './flush-schedule.ts';
import { LoadReportStreams } from './load-reports.ts';
import { discoveryMethods, LOAD_STATS, type RawMethod } from './services.ts';
import { DEFAULT_SETTINGS, type XdsSettings } from './settings.ts';

/** How often deadlines are looked at, ms. */
const TICK_MS = 200;

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
  const server = new Server(grpcOptions(settings));
  addDiscovery(server, streams);
  const reports = addLoadReports(server, options, settings, now);
  const port = await listen(server, options);

  const schedule = new FlushSchedule(
    settings.coalesceMs,
    () => engine.flush(now()),
    () => options.metrics?.coalesced(),
  );
  const ticks = setInterval(() => streams.tick(), TICK_MS);
  const heartbeats = new Heartbeats(() => engine.heartbeat(now()));
  return {
    address: options.address.slice(0, options.address.lastIndexOf(':')),
    port,
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
    close: async () => {
      clearInterval(ticks);
      heartbeats.every(undefined);
      schedule.stop();
      streams.endAll();
      reports.endAll();
      await shutDown(server, settings.closeDeadlineMs);
    },
  };
}

function grpcOptions(settings: XdsSettings): ServerOptions {
  return {
    'grpc.max_concurrent_streams': 100_000,
    'grpc.max_receive_message_length': settings.requestBytes,
    'grpc.max_send_message_length': -1,
    'grpc.keepalive_time_ms': settings.keepaliveMs,
    'grpc.keepalive_timeout_ms': settings.keepaliveMs,
  };
}

function addDiscovery(server: Server, streams: DiscoveryStreams): void {
  for (const method of discoveryMethods()) {
    if (method.kind === 'stream') {
      addMethod(server, method.raw, (call: RawCall) => streams.serve(call, method.protocol, method.typeUrl));
    } else {
      const details = `${method.name} is not served: open a stream instead, delta or state of the world`;
      addMethod(server, method.raw, (_: unknown, done: sendUnaryData<Buffer>) =>
        done({ code: status.UNIMPLEMENTED, details }),
      );
    }
  }
}

function addLoadReports(
  server: Server,
  options: XdsOptions,
  settings: XdsSettings,
  now: () => number,
): LoadReportStreams {
  const { metrics, listener, nodes } = options;
  const reports = new LoadReportStreams({
    intervalMs: settings.loadReportIntervalMs,
    now,
    roleOf: (node) => nodes.roleOf(node),
    report: (report) => {
      metrics?.loadReport();
      listener?.loadReport?.(report);
    },
    closed: (reason) => metrics?.streamClosed('lrs', reason),
  });
  if (settings.loadReportIntervalMs > 0) {
    addMethod(server, LOAD_STATS, (call: RawCall) => {
      metrics?.streamOpened('lrs');
      reports.serve(call);
    });
  }
  return reports;
}

function addMethod(server: Server, method: RawMethod, handler: UntypedServiceImplementation[string]): void {
  const service: ServiceDefinition = { method };
  server.addService(service, { method: handler });
}

async function listen(server: Server, { address, tls }: XdsOptions): Promise<number> {
  setLogVerbosity(logVerbosity.NONE); // its words about a port in use are ours to say
  const credentials = tls
    ? ServerCredentials.createSsl(
        tls.clientCa ?? null,
        [{ cert_chain: tls.cert, private_key: tls.key }],
        !!tls.clientCa,
      )
    : ServerCredentials.createInsecure();
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error) reject(new ListenFailed(address, error));
      else resolve(port);
    });
  });
}

async function shutDown(server: Server, deadlineMs: number): Promise<void> {
  const timer = setTimeout(() => server.forceShutdown(), deadlineMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(timer);
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
