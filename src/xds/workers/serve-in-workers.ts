import { type AddressInfo, createServer, type Server } from 'node:net';
import { changeTo } from '../../core/delta/change-to.ts';
import { Engine } from '../../core/delta/engine.ts';
import type { Levels, StreamFacts } from '../../core/delta/facts.ts';
import type { Change } from '../../core/delta/resource.ts';
import type { TypeUrl } from '../../core/delta/type-urls.ts';
import type { XdsOptions, XdsServer } from '../contract.ts';
import { decodeNode } from '../node.ts';
import type { XdsSettings } from '../settings.ts';
import { JoinedAcknowledgements } from './joined-acknowledgements.ts';
import { toWire } from './wire-change.ts';
import type { WorkerLink } from './worker-link.ts';
import { Workers } from './workers.ts';

const CONNECTIONS_WAITING = 4_096;
/** What a worker may need to end itself beyond what its streams are given, ms. */
const ENDING_MS = 1_000;

/**
 * Serves one state from several processes behind one address. This one accepts connections and hands each to the
 * worker that has the fewest; it keeps the state, and sends each change to all of them, encoded, each resource's bytes
 * once. What they tell comes together here.
 */
export async function serveInWorkers(
  options: XdsOptions,
  settings: XdsSettings,
  listenOn: { readonly host: string; readonly port: number },
): Promise<Omit<XdsServer, 'address'>> {
  const now = options.now ?? Date.now;
  // The state, and whatever follows from it; streams of its own it has none.
  const engine = new Engine(settings, {
    decodeNode,
    viewOf: () => undefined,
    identified: () => {},
    sent: () => {},
    acknowledged: () => {},
    rejected: () => {},
  });
  const everything = (): Change => ({ upsert: engine.pool.all(), views: viewsOf(engine) });
  const acceptor = createServer({ pauseOnConnect: true, noDelay: true });
  const port = await listen(acceptor, listenOn);
  const workers = new Workers(options, settings, {
    joins(link) {
      if (engine.sequence > 0) {
        link.send({ type: 'publish', sequence: engine.sequence, change: toWire(everything()) });
      }
      acknowledgements.joins(link);
    },
    left: (link) => acknowledgements.left(link),
    answered: (link, id, answer) => acknowledgements.answered(link, id, answer),
  });
  const acknowledgements = new JoinedAcknowledgements(engine.pool, () => workers.links);
  await workers.start(options.workers ?? 1);
  acceptor.on('connection', (socket) => workers.give(socket));

  const publish: XdsServer['publish'] = (change) => {
    const views = [...(change.views ?? [])];
    const removeViews = [...(change.removeViews ?? [])];
    const before = engine.sequence;
    const publication = engine.publish({ ...change, views, removeViews }, now());
    const { sequence, changed, removed } = publication;
    engine.flush(now());
    if (sequence === before && views.length === 0 && removeViews.length === 0) return publication;
    const upsert = changed.flatMap(({ typeUrl, name }) => engine.pool.get(typeUrl, name) ?? []);
    const told = toWire({ upsert, remove: removed, views, removeViews });
    for (const link of workers.links) link.send({ type: 'publish', sequence, change: told });
    acknowledgements.published(changed, sequence, now());
    return publication;
  };
  return {
    port,
    get pids() {
      return [process.pid, ...workers.links.map(({ pid }) => pid)];
    },
    publish,
    changeTo: (resources) => changeTo(engine.pool, resources),
    resource: ({ typeUrl, name }) => engine.pool.get(typeUrl, name),
    versions: () => engine.pool.versions(),
    streams: () => streamsOf(workers.links),
    acknowledgement: (sequence, keys) => acknowledgements.of(sequence, keys, now()),
    workers: () =>
      workers.links.flatMap(({ pid, connections, status }) =>
        status ? [{ ...status.facts, pid, connections }] : [],
      ),
    levels: () => levelsOf(workers.links, engine),
    rotate: (credentials) => workers.rotate(credentials),
    // Who is served is asked of the directory here; what each may read is not asked with workers.
    admitAgain: () => {},
    close: async () => {
      acceptor.close();
      await workers.close(settings.closeDeadlineMs + ENDING_MS);
    },
  };
}

function listen(server: Server, address: { readonly host: string; readonly port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...address, backlog: CONNECTIONS_WAITING }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function* viewsOf(engine: Engine): Generator<readonly [string, Partial<Record<TypeUrl, string[]>>]> {
  for (const view of engine.views()) {
    const contents: Partial<Record<TypeUrl, string[]>> = {};
    for (const [typeUrl, name] of view.entries()) {
      contents[typeUrl] ??= [];
      contents[typeUrl].push(name);
    }
    yield [view.key, contents];
  }
}

function streamsOf(links: readonly WorkerLink[]): StreamFacts[] {
  const streams = links.flatMap((link) => [...link.streams.values()]);
  return streams.sort((a, b) => a.connectedAt - b.connectedAt);
}

function levelsOf(links: readonly WorkerLink[], engine: Engine): Levels {
  const subscriptions = new Map<TypeUrl, number>();
  let laggards = 0;
  let slowestLagMs = 0;
  let streams = 0;
  for (const link of links) {
    streams += link.streams.size;
    if (!link.status) continue;
    laggards += link.status.laggards;
    slowestLagMs = Math.max(slowestLagMs, link.status.slowestLagMs);
    for (const [typeUrl, count] of link.status.subscriptions) {
      subscriptions.set(typeUrl, (subscriptions.get(typeUrl) ?? 0) + count);
    }
  }
  return { streams, subscriptions, resources: engine.pool.counts(), laggards, slowestLagMs };
}
