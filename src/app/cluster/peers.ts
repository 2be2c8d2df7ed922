import type { Controller } from '../../controller/controller.ts';
import type { InboundSidecars } from '../../controller/inbound-sidecars.ts';
import type { MeshPublisher } from '../../controller/mesh-publisher.ts';
import { NO_DECISIONS, type ServiceDecisions } from '../../core/assemble/decisions.ts';
import type { LatencyReport } from '../../core/signals/latency-report.ts';
import type { LoadReport } from '../../core/signals/load-report.ts';
import { reasonOf } from '../../kubernetes/api-error.ts';
import { PeerClient, type PeerMessage, PeerServer } from '../../kubernetes/peer-channel.ts';

/** What a replica that follows tells the one that decides: all that only it sees of its sidecars. */
interface PeerReport {
  readonly loads: readonly LoadReport[];
  readonly latencies: readonly LatencyReport[];
  readonly routes: readonly RouteProgress[];
  readonly inbound: readonly InboundPeer[];
}

interface RouteProgress {
  readonly service: string;
  /** What it publishes; progress with something else is none. */
  readonly weights: string;
  readonly connected: number;
  readonly laggards: readonly string[];
}

interface InboundPeer {
  readonly service: string;
  readonly id: string;
  readonly address: string;
  readonly acknowledged: boolean;
}

export interface PeersParts {
  readonly identity: string;
  readonly controller: Controller;
  readonly publisher: MeshPublisher;
  readonly inbound: InboundSidecars;
  /** Of the others, when this one decides. */
  readonly onLoadReport: (report: LoadReport) => void;
  readonly onLatencyReport: (report: LatencyReport) => void;
  readonly onTrouble: (message: string) => void;
}

const EVERY_MS = 250;
/** Progress is told this often also when there is no load. */
const QUIET_EVERY_MS = 1000;
/** Who has told nothing for this long is gone, or its sidecars are elsewhere. */
const GONE_AFTER_MS = 5000;
/** What could not be told is not kept for longer than a few looks: late evidence would be counted twice. */
const MOST_PENDING = 20_000;

/** Brings together what the replicas see: those that follow tell, the one that decides takes. */
export class Peers {
  readonly #parts: PeersParts;
  readonly #client: PeerClient;
  readonly #server: PeerServer;
  readonly #told = new Map<string, { readonly report: PeerReport; readonly at: number }>();
  readonly #timer: NodeJS.Timeout;
  #loads: LoadReport[] = [];
  #latencies: LatencyReport[] = [];
  #sending = false;
  #sentAt = 0;
  #troubled = false;
  /** Of whoever decides; empty: nobody, or this replica. */
  leader = '';

  private constructor(parts: PeersParts, client: PeerClient, server: PeerServer) {
    this.#parts = parts;
    this.#client = client;
    this.#server = server;
    this.#timer = setInterval(() => void this.#send(), EVERY_MS);
  }

  /** @throws when the address cannot be listened on */
  static async open(parts: PeersParts, address: string, secret: Buffer): Promise<Peers> {
    let peers: Peers | undefined;
    const server = await PeerServer.listen({ address, secret }, (message) => peers?.take(message));
    peers = new Peers(parts, new PeerClient(secret, parts.identity), server);
    return peers;
  }

  get port(): number {
    return this.#server.port;
  }

  /** Load of one of our sidecars, for whoever decides. */
  load(report: LoadReport): void {
    if (this.#loads.length < MOST_PENDING) this.#loads.push(report);
  }

  /** Latencies of one of our sidecars, for whoever decides. */
  latency(report: LatencyReport): void {
    if (this.#latencies.length < MOST_PENDING) this.#latencies.push(report);
  }

  /** Takes what another replica tells. Times are of its clock, and so are replaced. */
  take({ from, body }: PeerMessage): void {
    const { loads, latencies, routes, inbound } = body as PeerReport;
    const at = Date.now();
    this.#told.set(from, { report: { loads: [], latencies: [], routes, inbound }, at: performance.now() });
    for (const report of loads) this.#parts.onLoadReport({ ...report, at });
    for (const report of latencies) this.#parts.onLatencyReport({ ...report, at });
  }

  /** How far the sidecars of the other replicas have come with the weights in force. */
  progressOf(service: string): { readonly connected: number; readonly laggards: readonly string[] } {
    const weights = weightsText(this.#parts.controller.decisions.get(service));
    let connected = 0;
    const laggards: string[] = [];
    for (const { report } of this.#present()) {
      const progress = report.routes.find((each) => each.service === service);
      if (progress === undefined) continue;
      connected += progress.connected;
      if (progress.weights === weights) laggards.push(...progress.laggards);
      // It has not heard of these weights yet: none of its sidecars can have them.
      else
        for (let index = 0; index < progress.connected; index++)
          laggards.push(`a sidecar of another replica`);
    }
    return { connected, laggards };
  }

  /** Inbound sidecars of the other replicas. */
  inboundOf(service: string): readonly InboundPeer[] {
    return this.#present().flatMap(({ report }) => report.inbound.filter((each) => each.service === service));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#client.close();
    await this.#server.close();
  }

  #present() {
    const now = performance.now();
    for (const [from, { at }] of this.#told) if (now - at > GONE_AFTER_MS) this.#told.delete(from);
    return [...this.#told.values()];
  }

  async #send(): Promise<void> {
    const due =
      this.#loads.length + this.#latencies.length > 0 || performance.now() - this.#sentAt > QUIET_EVERY_MS;
    if (this.leader === '') this.#forget();
    if (this.#sending || !due || this.leader === '') return;
    this.#sending = true;
    this.#sentAt = performance.now();
    const report = {
      loads: this.#loads,
      latencies: this.#latencies,
      routes: this.#routes(),
      inbound: this.#inbound(),
    };
    // What is not taken is lost: it is evidence, and the next second brings more.
    this.#forget();
    try {
      await this.#client.tell(this.leader, report);
      this.#troubled = false;
    } catch (error) {
      if (!this.#troubled)
        this.#parts.onTrouble(
          `the replica that decides (${this.leader}) cannot be told of our sidecars: ${reasonOf(error)}`,
        );
      this.#troubled = true;
    } finally {
      this.#sending = false;
    }
  }

  #forget(): void {
    this.#loads = [];
    this.#latencies = [];
  }

  #routes(): readonly RouteProgress[] {
    const { controller, publisher } = this.#parts;
    return [...controller.specs.rollouts.keys()].map((service) => {
      const { of, laggards } = publisher.routeProgress(service);
      return { service, weights: weightsText(controller.decisions.get(service)), connected: of, laggards };
    });
  }

  #inbound(): readonly InboundPeer[] {
    const { controller, publisher, inbound } = this.#parts;
    return [...controller.specs.policies].flatMap(([service, { spec }]) => {
      if (spec.rateLimits.length === 0) return [];
      const divided = spec.rateLimits.some((each) => each.global);
      return inbound.of(service).map(({ id, address }) => {
        const acknowledged = !divided || publisher.sharesAcknowledged(service, id);
        return { service, id, address, acknowledged };
      });
    });
  }
}

/** What the sidecars are told of weights, as text. */
function weightsText({ weights, slices, salt, mirror }: ServiceDecisions = NO_DECISIONS): string {
  return JSON.stringify([weights ?? null, slices, salt, mirror ?? null]);
}
