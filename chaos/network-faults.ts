import { type ClientHttp2Session, connect } from 'node:http2';
import { bytesField, textField } from '../src/core/delta/wire.ts';
import { type Fault, pick } from './fault.ts';
import { LIES } from './lying-prometheus.ts';
import type { Weather } from './relay.ts';

function weatherFault(kind: string, weather: Weather): Fault {
  return {
    kind,
    group: 'wire',
    strike: async ({ sidecars }, plan) => {
      const { id, wire } = pick(sidecars, plan);
      wire.weather = weather;
      const heal = async () => {
        wire.weather = 'clear';
      };
      return { what: `${id} ↔ penstock`, excuses: 'none', heal };
    },
  };
}

/** Nothing can be known of anything: Prometheus fails, and load reports, where there are any, do not come through. */
const blindness: Fault = {
  kind: 'blindness',
  group: 'wire',
  leastMs: 8_000,
  strike: async ({ sidecars, liar, signals }) => {
    const wires = signals === 'load reports' ? sidecars.map(({ wire }) => wire) : [];
    for (const wire of wires) wire.weather = 'silent';
    const stop = liar.tell('error');
    const heal = async () => {
      for (const wire of wires) wire.weather = 'clear';
      stop();
    };
    return { what: signals, excuses: 'none', heal };
  },
};

const lies: Fault = {
  kind: 'prometheus lies',
  group: 'prometheus',
  strike: async ({ liar }, plan) => {
    const lie = pick(LIES, plan);
    const stop = liar.tell(lie);
    return { what: lie, excuses: 'none', heal: async () => stop() };
  },
};

const STORM_STREAMS = 1_000;
const STREAMS_A_CONNECTION = 100;
const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** A thousand sidecars at once, which read everything and acknowledge nothing. */
const storm: Fault = {
  kind: 'connection storm',
  group: 'storm',
  strike: async ({ xdsPort }, plan) => {
    const sessions: ClientHttp2Session[] = [];
    for (let from = 0; from < STORM_STREAMS; from += STREAMS_A_CONNECTION) {
      const session = connect(`http://127.0.0.1:${xdsPort}`);
      session.on('error', () => {});
      for (let i = from; i < from + STREAMS_A_CONNECTION; i++) openStream(session, `storm-${plan.id}-${i}`);
      sessions.push(session);
    }
    const heal = async () => {
      for (const session of sessions) session.destroy();
    };
    return { what: `${STORM_STREAMS} streams`, excuses: 'none', heal };
  },
};

function openStream(session: ClientHttp2Session, nodeId: string): void {
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.resume();
  const request = Buffer.concat([bytesField(1, textField(1, nodeId)), textField(2, CLUSTERS)]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(request.length, 1);
  stream.write(Buffer.concat([head, request]));
}

/** What the network, its clients and what is read over it do to us. */
export const NETWORK_FAULTS: readonly Fault[] = [
  weatherFault('wire cut', 'cut'),
  weatherFault('wire silent', 'silent'),
  weatherFault('wire slow', { delayMs: 150 }),
  blindness,
  lies,
  storm,
];
