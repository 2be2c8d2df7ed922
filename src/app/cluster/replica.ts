import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Command, CommandResult, ControlPlane } from '../../admin/control-plane.ts';
import type { Controller } from '../../controller/controller.ts';
import type { StateSaver } from '../../controller/ports.ts';
import { type Acceptance, findingText } from '../../core/api/accept-objects.ts';
import type { LatencyReport } from '../../core/signals/latency-report.ts';
import type { LoadReport } from '../../core/signals/load-report.ts';
import type { ControllerStatus } from '../../core/status/status.ts';
import type { ApiClient } from '../../kubernetes/api-client.ts';
import { reasonOf } from '../../kubernetes/api-error.ts';
import { ClusterState, type StateEntry } from '../../kubernetes/cluster-state.ts';
import { EventRecorder } from '../../kubernetes/event-recorder.ts';
import { LeaderLease, type Leadership } from '../../kubernetes/leader-lease.ts';
import { peerSecret } from '../../kubernetes/peer-secret.ts';
import { PodDirectory } from '../../kubernetes/pod-directory.ts';
import { SpecWatch } from '../../kubernetes/spec-watch.ts';
import { StatusWriter } from '../../kubernetes/status-writer.ts';
import { WorkloadScaler } from '../../kubernetes/workload-scaler.ts';
import { AdoptedState } from './adopted-state.ts';
import { AnchorKeeper, type AnchorMode } from './anchor-keeper.ts';
import { AskedByObjects } from './asked-by-objects.ts';
import { tellEvents } from './cluster-events.ts';
import { ClusterSaver } from './cluster-saver.ts';
import { tellStatuses } from './object-statuses.ts';
import { patiently } from './patiently.ts';
import { Peers, type PeersParts } from './peers.ts';

/** Of our own sidecars: what the one that decides must know, and nobody else does. */
type PeersOf = Omit<PeersParts, 'identity' | 'onTrouble'>;

export interface ReplicaOptions {
  readonly client: ApiClient;
  /** Of the objects; undefined: all. */
  readonly namespace: string | undefined;
  /** Of the Lease and of the state. */
  readonly ownNamespace: string;
  /** `HOST:PORT` on which the other replicas tell what they see of their sidecars. */
  readonly peerAddress: string;
  /** Where they reach it; undefined: there. */
  readonly advertise: string | undefined;
  /** What is done about the objects that tie Istio's sidecars to Penstock; undefined: nothing. */
  readonly anchors: AnchorMode | undefined;
  readonly log: Logger;
}

/** What the replica makes use of, once it all stands. */
export interface ReplicaParts {
  readonly controller: Controller;
  readonly plane: ControlPlane;
  /** These objects are to be in force; problems are a line each. */
  readonly onSpecs: (objects: Acceptance['objects'], problems: readonly string[]) => void;
  readonly lookSoon: () => void;
}

const LEASE = 'penstock';
/** A cluster that does not take what is to be written does not hold up the end. */
const DRAIN_MS = 3000;
/** How often the statuses are gone through at most. */
const STATUSES_EVERY_MS = 1000;
/** Of thousands of objects this takes a while, and nobody reads all of them: it takes a tenth of the time at most. */
const STATUSES_APART = 10;

/** One of the replicas of a control plane whose database is the cluster. Follows until it has the lead. */
export class Replica {
  readonly identity = `${hostname()}_${process.pid}`;
  readonly pods: PodDirectory;
  readonly workloads: WorkloadScaler;
  readonly #options: ReplicaOptions;
  readonly #watch: SpecWatch;
  readonly #state: ClusterState;
  readonly #statuses: StatusWriter;
  readonly #events: EventRecorder;
  readonly #anchors: AnchorKeeper | undefined;
  readonly #adopted = new AdoptedState(() => (this.#deciding ? undefined : this.#parts?.controller));
  #peers: Peers | undefined;
  #saver: ClusterSaver | undefined;
  #parts: ReplicaParts | undefined;
  #asked: AskedByObjects | undefined;
  #acceptance: Acceptance | undefined;
  #lease: LeaderLease | undefined;
  #leadership: Leadership = { leading: false, holder: '', address: '', term: 0 };
  #stateSynced = false;
  /** Decides since the state was read. */
  #deciding = false;
  #statusesAt = 0;
  #statusesTookMs = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    const { client, namespace, ownNamespace, log } = options;
    this.pods = new PodDirectory(client, namespace);
    this.workloads = new WorkloadScaler(client, (deployment, from, to) =>
      log.info({ deployment, from, to }, 'a Deployment was scaled'),
    );
    this.#statuses = new StatusWriter(client, {
      onFailure: (key, error) =>
        log.warn({ object: key }, `its status cannot be written: ${reasonOf(error)}`),
    });
    this.#events = new EventRecorder(client, this.identity, (key, error) =>
      log.warn({ event: key }, `an Event cannot be written: ${reasonOf(error)}`),
    );
    this.#anchors = options.anchors && new AnchorKeeper(client, options.anchors, log);
    this.#state = new ClusterState(client, ownNamespace, {
      changed: (subject, entry) => this.#stateChanged(subject, entry),
      asked: (request) => this.#switchAsked(request),
      synced: () => {
        this.#stateSynced = true;
        this.#parts?.lookSoon();
      },
      trouble: (message) => this.#trouble('the state', message),
      outdated: (term) => this.#depose(term),
      failed: (subject, error) => log.warn({ subject }, `state in the cluster: ${reasonOf(error)}`),
    });
    this.#watch = new SpecWatch(client, namespace, {
      accepted: (acceptance) => this.#accepted(acceptance),
      asked: (object, command) => void this.#asked?.carryOut(object, command),
      trouble: (kind, message) => this.#trouble(kind, message),
    });
  }

  /** What is saved goes to the cluster as well. */
  saver(next: StateSaver): StateSaver {
    this.#saver = new ClusterSaver(next, (records) => tellEvents(this.#events, this.#watch, records));
    return this.#saver;
  }

  /**
   * Listens to what other replicas tell of their sidecars.
   * @throws when it cannot, or when the secret of the replicas can be neither read nor made
   */
  async meet(parts: PeersOf): Promise<void> {
    const { client, ownNamespace, peerAddress, log } = this.#options;
    const secret = await patiently(
      () => peerSecret(client, ownNamespace),
      (error) =>
        log.warn({ api: client.url }, `the secret of the replicas cannot be read: ${reasonOf(error)}`),
    );
    const told = { ...parts, identity: this.identity, onTrouble: (message: string) => log.warn(message) };
    this.#peers = await Peers.open(told, peerAddress, secret);
  }

  /** Load that one of our sidecars reported. @returns whether it is handed on, and is not ours to judge by */
  handOn(what: { readonly load: LoadReport } | { readonly latency: LatencyReport }): boolean {
    if (this.leading) return false;
    if ('load' in what) this.#peers?.load(what.load);
    else this.#peers?.latency(what.latency);
    return true;
  }

  /** Sidecars that other replicas serve, and which of them lag behind the weights of a service. */
  progressElsewhere(service: string): { readonly connected: number; readonly laggards: readonly string[] } {
    return this.#peers?.progressOf(service) ?? { connected: 0, laggards: [] };
  }

  /** Inbound sidecars of a service that other replicas serve. */
  inboundElsewhere(service: string): ReturnType<Peers['inboundOf']> {
    return this.#peers?.inboundOf(service) ?? [];
  }

  /** Begins to follow, and takes part in the election as soon as it knows enough to lead. */
  start(parts: ReplicaParts): void {
    this.#parts = parts;
    this.#asked = new AskedByObjects(this.#options.client, this.#watch, parts.plane, () => this.leading);
    parts.controller.follow();
    parts.controller.subscribe(() => this.#afterLook());
    if (this.#acceptance !== undefined) this.#accepted(this.#acceptance);
  }

  /** Whether enough is known to tell sidecars the truth: objects, what was decided of them, and their pods. */
  ready(): boolean {
    const ready = this.#acceptance !== undefined && this.#stateSynced && this.pods.settled;
    if (ready && this.#parts !== undefined) this.#lease ??= this.#campaign();
    return ready;
  }

  /** Whether this replica may decide at this moment. */
  get leading(): boolean {
    return this.#deciding && this.#lease?.holds() === true;
  }

  /** To be asked before each look: who stood still for too long does not decide. */
  beforeLook(): void {
    if (this.#deciding && !this.leading) this.#follow();
  }

  status(): NonNullable<ControllerStatus['replica']> {
    const { holder, address } = this.#leadership;
    return { identity: this.identity, leading: this.leading, leader: holder, leaderAddress: address };
  }

  /** Hands a command to whoever leads. */
  forward(command: Command): Promise<CommandResult> {
    if (this.#asked === undefined || this.#leadership.holder === '')
      return Promise.resolve({ ok: false, code: 'conflict', message: 'no replica leads now; try again' });
    if ('rollout' in command) return this.#asked.forward(command);
    return this.#asked.forwardSwitch(command, (request) => this.#state.ask(request));
  }

  /** What was decided is written, and the lead handed on; the second time nothing. */
  async close(): Promise<void> {
    if (this.leading) await this.#state.drain(DRAIN_MS);
    await this.#lease?.close();
    this.#statuses.close();
    this.workloads.close();
    this.#events.close();
    const open = [this.#watch, this.#state, this.pods, this.#peers, this.#anchors];
    await Promise.all(open.map((each) => each?.close()));
    this.#options.client.close();
  }

  #campaign(): LeaderLease {
    const { client, ownNamespace: namespace, peerAddress, advertise } = this.#options;
    const address =
      advertise ?? `${peerAddress.slice(0, peerAddress.lastIndexOf(':'))}:${this.#peers?.port ?? 0}`;
    return new LeaderLease(
      client,
      { namespace, name: LEASE, identity: this.identity, address },
      (leadership) => {
        this.#leadership = leadership;
        if (this.#peers !== undefined) this.#peers.leader = leadership.leading ? '' : leadership.address;
        if (leadership.leading) void this.#takeOver(leadership.term);
        else this.#follow();
      },
    );
  }

  /** Goes on from what the last leader left, as it stands now. */
  async #takeOver(term: number): Promise<void> {
    const { log } = this.#options;
    while (this.#lease?.holds() === true && this.#leadership.term === term && !this.#deciding) {
      try {
        const entries = await this.#state.read();
        if (!this.#lease.holds() || this.#saver === undefined || this.#parts === undefined) return;
        const saved = this.#saver.begin(entries);
        for (const entry of entries) this.#adopted.take(entry.subject, entry);
        this.#parts.controller.lead(saved);
        this.#deciding = true;
        log.info({ replica: this.identity, term, services: entries.length }, 'this replica decides');
        this.#parts.lookSoon();
        this.#asked?.carryOutAll();
      } catch (error) {
        log.warn({ term }, `the state cannot be read, nothing is decided: ${reasonOf(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  }

  #follow(): void {
    if (this.#deciding)
      this.#options.log.warn({ replica: this.identity }, 'this replica does not decide any more');
    this.#deciding = false;
    this.#statuses.forget();
    this.workloads.forget();
    this.#anchors?.follow();
    this.#state.forget();
    this.#parts?.controller.follow();
    this.#adopted.again();
    this.#parts?.lookSoon();
  }

  #depose(term: number): void {
    this.#options.log.warn({ term, own: this.#leadership.term }, 'a later leader has written');
    this.#follow();
  }

  #accepted(acceptance: Acceptance): void {
    this.#acceptance = acceptance;
    const problems = [...acceptance.verdicts].flatMap(([key, { inForce, findings }]) =>
      inForce === 'wanted' ? [] : findings.map((finding) => `${key}: ${findingText(finding)}`),
    );
    this.#parts?.onSpecs(acceptance.objects, problems);
    this.#adopted.again();
    this.#anchors?.changed();
    this.#parts?.lookSoon();
  }

  #stateChanged(subject: string, entry: StateEntry | undefined): void {
    this.#adopted.take(subject, entry);
    if (!this.#deciding) this.#parts?.lookSoon();
  }

  #switchAsked(request: string): void {
    if (this.leading) void this.#asked?.carryOutSwitch(request);
  }

  #afterLook(): void {
    const { controller, plane } = this.#parts ?? {};
    if (!this.leading || controller === undefined || plane === undefined || this.#acceptance === undefined)
      return;
    this.#saver?.flush(this.#state, controller.specs, controller.decisions, this.#leadership.term);
    this.#anchors?.keep(controller, this.#watch.all('ModelService'));
    const nowMs = Date.now();
    if (nowMs - this.#statusesAt < Math.max(STATUSES_EVERY_MS, STATUSES_APART * this.#statusesTookMs)) return;
    this.#statusesAt = nowMs;
    const startedAt = performance.now();
    tellStatuses(this.#statuses, this.#watch, this.#acceptance, plane, nowMs, this.#anchors);
    this.#statusesTookMs = performance.now() - startedAt;
  }

  #trouble(what: string, message: string | undefined): void {
    const { log, client } = this.#options;
    if (message === undefined) log.info({ api: client.url }, `the API server tells of ${what} again`);
    else
      log.warn({ api: client.url }, `the API server cannot tell of ${what}, what is known stays: ${message}`);
  }
}
