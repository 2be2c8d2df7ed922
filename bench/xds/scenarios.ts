import { freemem } from 'node:os';
import { join } from 'node:path';
import type { Programs } from './programs.ts';

/** Two ports from here on; another where these are taken. */
const PORT = Number(process.env.PENSTOCK_BENCH_PORT ?? 23_800);
const XDS = `127.0.0.1:${PORT}`;
const ADMIN = `127.0.0.1:${PORT + 1}`;
/** Where our server tells what memory it has in use. */
export const MEMORY = `http://${ADMIN}/memory`;
const ENDPOINTS = 10;

/** Who serves: ours, go-control-plane as its documentation shows, or the mere fan-out of the same bytes. */
export type Contender = 'penstock' | 'linear' | 'shared' | 'per-node' | 'grpc-js' | 'grpc-go';

export const LABEL: Readonly<Record<Contender, string>> = {
  penstock: 'Penstock',
  linear: 'go-control-plane LinearCache',
  shared: 'go-control-plane SnapshotCache, one snapshot',
  'per-node': 'go-control-plane SnapshotCache, one a node',
  'grpc-js': 'bare grpc-js fan-out',
  'grpc-go': 'bare Go fan-out',
};

/** One run: a server, and what the load client does to it. */
export interface Scenario {
  readonly contender: Contender;
  readonly streams: number;
  readonly services: number;
  readonly protocol: 'delta' | 'sotw';
  readonly what: 'route' | 'endpoint' | 'stalled' | 'acknowledged-later';
  readonly burst: number;
}

const STALLED_PERCENT = 10;
const BURST = 100;
/**
 * By state of the world each acknowledgement names everything again. Sidecars do that on processors of their own; the
 * load client has one for all, and what it spends on the acknowledgements of some delays what others receive.
 */
const ACKNOWLEDGED_LATER = ['-ack-after', '300ms', '-gap', '800ms'];
/** go-control-plane keeps about so much for each resource of each stream, bytes: four resources a service. */
const PEER_BYTES_PER_SERVICE_OF_A_STREAM = 1_700;

/** All runs for these sizes. */
export function scenarios(sizes: readonly (readonly [streams: number, services: number])[]): Scenario[] {
  const all: Scenario[] = [];
  for (const streams of new Set(sizes.map(([n]) => n))) {
    const base = { streams, services: 1, protocol: 'delta', what: 'route', burst: 0 } as const;
    all.push({ ...base, contender: 'grpc-js' }, { ...base, contender: 'grpc-go' });
  }
  for (const [streams, services] of sizes) {
    const base = { streams, services, protocol: 'delta', what: 'route', burst: BURST } as const;
    all.push({ ...base, contender: 'penstock' });
    all.push({ ...base, contender: 'penstock', what: 'endpoint', burst: 0 });
    all.push({ ...base, contender: 'penstock', what: 'stalled', burst: 0 });
    all.push({ ...base, contender: 'penstock', protocol: 'sotw', burst: 0 });
    for (const protocol of ['delta', 'sotw'] as const) {
      all.push({ ...base, contender: 'penstock', protocol, what: 'acknowledged-later', burst: 0 });
    }
    for (const contender of ['linear', 'shared', 'per-node'] as const)
      all.push({ ...base, contender, burst: 0 });
  }
  return all;
}

/** Why a run is left out; undefined when it is not. */
export function leftOut({ contender, streams, services }: Scenario): string | undefined {
  if (!['linear', 'shared', 'per-node'].includes(contender)) return undefined;
  const needed = streams * services * PEER_BYTES_PER_SERVICE_OF_A_STREAM;
  if (needed < freemem() * 0.7) return undefined;
  return `needs about ${(needed / 2 ** 30).toFixed(0)} GB of memory`;
}

/** The command that serves a scenario. */
export function serverOf({ contender, streams, services }: Scenario, programs: Programs): string[] {
  const bare = ['-addr', XDS, '-admin', ADMIN, '-message', programs.message];
  switch (contender) {
    case 'penstock': {
      const size = ['--services', `${services}`, '--endpoints', `${ENDPOINTS}`, '--nodes', `${streams}`];
      const addresses = ['--xds-address', XDS, '--admin-address', ADMIN];
      return [join(import.meta.dirname, '../server'), ...size, ...addresses];
    }
    case 'grpc-js': {
      const script = join(import.meta.dirname, 'peers/bare-node.ts');
      return [process.execPath, script, '--addr', XDS, '--admin', ADMIN, '--message', programs.message];
    }
    case 'grpc-go':
      return [programs.bareGo, ...bare];
    default: {
      const cache = { linear: 'linear', shared: 'const', 'per-node': 'node' }[contender];
      const size = ['-s', `${services}`, '-e', `${ENDPOINTS}`, '-n', `${streams}`];
      return [programs.goControlPlane, '-addr', XDS, '-admin', ADMIN, '-cache', cache, ...size];
    }
  }
}

/** The load client's command for a scenario; the PIDs of the server are still to be added. */
export function clientOf(scenario: Scenario, { client }: Programs): string[] {
  const { contender, streams, protocol, what, burst } = scenario;
  const isBare = contender === 'grpc-js' || contender === 'grpc-go';
  // Few pushes where each takes long; the first ones warm the server's code up.
  const warm = streams >= 5_000 ? 6 : streams >= 1_000 ? 10 : 30;
  const trigger = `http://${ADMIN}/bump?weight={W}${what === 'endpoint' ? '&of=endpoint' : ''}`;
  return [
    client,
    ...['-addr', XDS, '-trigger', trigger, '-label', contender],
    ...['-n', `${streams}`, '-mode', protocol, '-sub', isBare ? 'rds' : 'full'],
    ...['-warm', `${contender === 'penstock' || isBare ? warm : 2}`, '-pushes', '5', '-max-pushes', '8'],
    ...['-marker', what === 'endpoint' ? 'eds' : 'rds', '-burst', `${burst}`],
    ...(what === 'acknowledged-later' ? ACKNOWLEDGED_LATER : []),
    ...['-stalled', `${what === 'stalled' ? STALLED_PERCENT : 0}`],
  ];
}

/** Our server in so many processes behind one port, and the load client. */
export function workersOf(workers: number, streams: number, services: number, programs: Programs) {
  const scenario: Scenario = {
    ...{ contender: 'penstock', streams, services, protocol: 'delta', what: 'route', burst: 0 },
  };
  const server = [...serverOf(scenario, programs), '--workers', `${workers}`];
  return { server, client: clientOf(scenario, programs) };
}

/** Our server and the load client, for a soak. */
export function soakOf(minutes: number, streams: number, services: number, programs: Programs) {
  const scenario: Scenario = {
    ...{ contender: 'penstock', streams, services, protocol: 'delta', what: 'route', burst: 0 },
  };
  const soak = ['-soak', `${minutes}m`, '-reconnects', '10'];
  return { server: serverOf(scenario, programs), client: [...clientOf(scenario, programs), ...soak] };
}
