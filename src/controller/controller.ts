import type { ModelService } from '../core/api/model-service.ts';
import type { DiscoveredEndpoint } from '../core/assemble/assemble-endpoints.ts';
import { staticEndpoints } from '../core/assemble/assemble-endpoints.ts';
import { assembleService } from '../core/assemble/assemble-service.ts';
import { NO_DECISIONS, type ServiceDecisions } from '../core/assemble/decisions.ts';
import { commandConflict } from '../core/decide/command-rules.ts';
import { decideService } from '../core/decide/decide-service.ts';
import {
  NEW_SERVICE_STATE,
  type PolicyEvent,
  type ServiceOutcome,
  type ServiceState,
} from '../core/decide/service-look.ts';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import type { Publication } from '../core/delta/resource.ts';
import type { ServiceIr } from '../core/ir/ir.ts';
import type { ServiceObservation } from '../core/observation/observation.ts';
import type { RolloutCommand } from '../core/policy/rollout/decision.ts';
import { DecisionBook } from './decision-book.ts';
import type { MeshPublisher } from './mesh-publisher.ts';
import type { ControllerLog, EndpointSource, SignalSource, StateSaver } from './ports.ts';
import { RolloutCadence } from './rollout-cadence.ts';
import { RouteAcknowledgement } from './route-acknowledgement.ts';

/** The switches over everything; saved, so that a restart does not undo them. */
export interface Switches {
  readonly frozen: boolean;
  readonly baseline: boolean;
}

export interface ControllerOptions {
  readonly signals: SignalSource;
  readonly endpoints: EndpointSource;
  readonly publisher: MeshPublisher;
  readonly saver: StateSaver;
  readonly log: ControllerLog;
  /** As `saver` kept it: service states under `service:ID`, the switches under `switches`. */
  readonly saved: ReadonlyMap<string, unknown>;
  readonly lastDecisionId: number;
}

/** What is known of a service after a look. */
export interface ServiceView {
  readonly service: ModelService;
  readonly observation: ServiceObservation | undefined;
  readonly outcome: ServiceOutcome | undefined;
  readonly ir: ServiceIr | undefined;
  readonly laggards: readonly string[];
}

interface Asked {
  readonly command: RolloutCommand;
  readonly actor: string;
}

const NO_SPECS: SpecIndex = { services: new Map(), rollouts: new Map(), policies: new Map(), templates: [] };

/**
 * The loop: observe → decide → assemble → publish → save, one look at a time, synchronously. Everything that
 * decides is pure and elsewhere; this keeps what lies between two looks.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #book: DecisionBook;
  readonly #cadence = new RolloutCadence();
  readonly #acknowledgement: RouteAcknowledgement;
  readonly #states = new Map<string, ServiceState>();
  readonly #saved = new Map<string, string>();
  readonly #outcomes = new Map<string, ServiceOutcome>();
  readonly #observations = new Map<string, ServiceObservation>();
  readonly #decisions = new Map<string, ServiceDecisions>();
  readonly #asked = new Map<string, Asked[]>();
  readonly #failing = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  #specs: SpecIndex = NO_SPECS;
  #switches: Switches = { frozen: false, baseline: false };
  #notes: (PolicyEvent & { readonly actor: string })[] = [];

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#book = new DecisionBook(options.lastDecisionId);
    this.#acknowledgement = new RouteAcknowledgement(options.publisher);
    for (const [key, value] of options.saved) {
      this.#saved.set(key, JSON.stringify(value));
      if (key === 'switches') this.#switches = value as Switches;
      if (key.startsWith('service:')) this.#states.set(key.slice('service:'.length), value as ServiceState);
    }
  }

  get specs(): SpecIndex {
    return this.#specs;
  }

  get switches(): Switches {
    return this.#switches;
  }

  /** Puts specs in force, at the next look. */
  configure(specs: SpecIndex): void {
    this.#specs = specs;
    const services = [...specs.services.values()];
    this.#options.signals.watch(services, [...specs.rollouts.values()], specs.templates);
    this.#options.endpoints.watch(services, () => {});
    for (const map of [this.#outcomes, this.#observations, this.#decisions, this.#asked]) {
      for (const id of [...map.keys()]) if (!specs.services.has(id)) map.delete(id);
    }
  }

  /**
   * Takes a person's command for the rollout of a service; in force with the next look.
   * @returns why it makes no sense now, or undefined
   */
  ask(service: string, command: RolloutCommand, actor: string): string | undefined {
    const phase = this.#states.get(service)?.rollout?.state.phase ?? 'Pending';
    const conflict = commandConflict(command.type, phase);
    if (conflict !== undefined) return conflict;
    this.#asked.set(service, [...(this.#asked.get(service) ?? []), { command, actor }]);
    return undefined;
  }

  /** Sets the switches; in force with the next look. */
  switchTo(switches: Switches, actor: string, nowMs: number): void {
    for (const name of ['frozen', 'baseline'] as const) {
      if (switches[name] === this.#switches[name]) continue;
      const reason = `${name === 'frozen' ? 'Freeze' : 'Baseline'}${switches[name] ? 'On' : 'Off'}`;
      const change = { before: this.#switches[name], after: switches[name] };
      this.#notes.push({
        at: nowMs,
        subject: 'Penstock',
        reason,
        message: `${name}: ${switches[name]}`,
        actor,
        evidence: null,
        change,
      });
    }
    this.#switches = switches;
  }

  /** One look at everything. What fails for one service is logged and leaves the others alone. */
  look(nowMs: number): Publication {
    const looks = [...this.#specs.services].map(
      ([id, service]) => [id, this.#lookAt(id, service, nowMs)] as const,
    );
    const publication = this.#publish();
    for (const [id, outcome] of looks)
      if (outcome) this.#acknowledgement.published(id, outcome.rollout?.revision, publication);
    this.#save(looks, publication, nowMs);
    for (const listener of this.#listeners) listener();
    return publication;
  }

  /** What is known of each service. */
  views(): readonly ServiceView[] {
    return [...this.#specs.services].map(([id, service]) => ({
      service,
      observation: this.#observations.get(id),
      outcome: this.#outcomes.get(id),
      ir: this.#options.publisher.services.get(id),
      laggards: this.#acknowledgement.of(id).laggards,
    }));
  }

  /** The state of a service's policies, as it is saved. */
  stateOf(service: string): ServiceState {
    return this.#states.get(service) ?? NEW_SERVICE_STATE;
  }

  /** `listener` is called after each look. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The shortest time between two looks that any rollout asks for, ms. */
  intervalMs(longestMs: number): number {
    const wanted = [...this.#specs.rollouts.values()].map((each) => each.spec.analysis.interval);
    return Math.min(longestMs, ...wanted);
  }

  #lookAt(id: string, service: ModelService, nowMs: number): ServiceOutcome | undefined {
    try {
      const observation = this.#options.signals.observe(service, nowMs);
      this.#observations.set(id, observation);
      const rollout = this.#specs.rollouts.get(id);
      const asked = this.#asked.get(id) ?? [];
      this.#asked.delete(id);
      const outcome = decideService({
        service,
        rollout,
        policy: this.#specs.policies.get(id),
        observation,
        rolloutObservation: this.#cadence.due(id, rollout, observation, asked.length > 0, nowMs),
        endpoints: addressesOf(this.#endpointsOf(service)),
        acknowledged: this.#acknowledgement.of(id),
        commands: asked.map(({ command }) => command),
        answers: new Map(),
        frozen: this.#switches.frozen || this.#switches.baseline,
        state: this.stateOf(id),
        nowMs,
      });
      this.#noteCommands(id, asked, nowMs);
      this.#states.set(id, outcome.state);
      this.#outcomes.set(id, this.#withLastEvidence(id, outcome));
      this.#decisions.set(id, outcome.decisions);
      this.#failing.delete(id);
      return outcome;
    } catch (error) {
      this.#noteFailure(id, error);
      return undefined;
    }
  }

  /** A rollout that is over, or whose turn it is not, is shown with the evidence that it was last judged by. */
  #withLastEvidence(id: string, outcome: ServiceOutcome): ServiceOutcome {
    const before = this.#outcomes.get(id);
    const sameRollout = before?.state.rollout?.name === outcome.state.rollout?.name;
    if (before?.rollout === undefined || !sameRollout) return outcome;
    if (outcome.rollout === undefined) return { ...outcome, rollout: before.rollout };
    if (outcome.rollout.evidence.length > 0) return outcome;
    return { ...outcome, rollout: { ...outcome.rollout, evidence: before.rollout.evidence } };
  }

  /** Said once, not with every look. */
  #noteFailure(id: string, error: unknown): void {
    if (this.#failing.get(id) === String(error)) return;
    this.#failing.set(id, String(error));
    const message = 'a look at this service failed; its configuration stays as it is';
    this.#options.log.error({ service: id, err: error }, message);
  }

  #noteCommands(id: string, asked: readonly Asked[], nowMs: number): void {
    const rollout = this.#specs.rollouts.get(id);
    for (const { command, actor } of asked) {
      const subject = `Rollout/${rollout?.metadata.namespace}/${rollout?.metadata.name}`;
      const reason = `Asked${command.type.charAt(0).toUpperCase()}${command.type.slice(1)}`;
      this.#notes.push({
        at: nowMs,
        subject,
        reason,
        message: `${actor} asked to ${command.type}`,
        actor,
        evidence: null,
        change: undefined,
      });
    }
  }

  #publish(): Publication {
    const services = new Map<string, ServiceIr>();
    for (const [id, service] of this.#specs.services) services.set(id, this.#assemble(id, service));
    return this.#options.publisher.publish(services);
  }

  #assemble(id: string, service: ModelService): ServiceIr {
    const decisions = this.#switches.baseline ? NO_DECISIONS : (this.#decisions.get(id) ?? NO_DECISIONS);
    return assembleService({
      service,
      rollout: this.#specs.rollouts.get(id),
      policy: this.#specs.policies.get(id),
      decisions,
      endpoints: this.#endpointsOf(service),
      clusterOf: (name) => this.#mainCluster(`${service.metadata.namespace}/${name}`),
    });
  }

  /** The version of a service that has the most traffic now. */
  #mainCluster(id: string): string | undefined {
    const service = this.#specs.services.get(id);
    if (service === undefined) return undefined;
    const weights = this.#decisions.get(id)?.weights ?? [];
    const most = weights.toSorted((a, b) => b.weight - a.weight)[0];
    return `${id}/${most?.version ?? service.spec.defaultVersion}`;
  }

  #endpointsOf(service: ModelService): ReadonlyMap<string, readonly DiscoveredEndpoint[]> {
    const found = this.#options.endpoints.endpointsOf(service);
    return new Map(
      service.spec.versions.map((version) => [
        version.name,
        [...staticEndpoints(version), ...(found.get(version.name) ?? [])],
      ]),
    );
  }

  #save(
    looks: readonly (readonly [string, ServiceOutcome | undefined])[],
    publication: Publication,
    nowMs: number,
  ): void {
    const records = [
      ...this.#book.record('', this.#notes, undefined),
      ...looks.flatMap(([id, outcome]) => this.#book.record(id, outcome?.events ?? [], publication)),
    ];
    this.#notes = [];
    for (const record of records) {
      this.#options.log.info(
        { decision: record.id, subject: record.subject, reason: record.reason },
        record.message,
      );
    }
    try {
      this.#options.saver.save(this.#stateChanges(), records, nowMs);
      const { publisher, saver } = this.#options;
      for (const { id, acknowledged } of this.#book.follow(
        (sequence, keys) => publisher.acknowledgement(sequence, keys),
        nowMs,
      )) {
        saver.acknowledge(id, acknowledged);
      }
    } catch (error) {
      this.#saved.clear();
      this.#options.log.error(
        { err: error },
        'state cannot be saved; decisions go on and are saved when it can be again',
      );
    }
  }

  #stateChanges(): ReadonlyMap<string, unknown> {
    const changes = new Map<string, unknown>();
    const note = (key: string, value: unknown): void => {
      const text = JSON.stringify(value);
      if (this.#saved.get(key) === text) return;
      this.#saved.set(key, text);
      changes.set(key, value);
    };
    note('switches', this.#switches);
    for (const [id, state] of this.#states) note(`service:${id}`, state);
    return changes;
  }
}

function addressesOf(
  endpoints: ReadonlyMap<string, readonly DiscoveredEndpoint[]>,
): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...endpoints].map(([version, found]) => [
      version,
      found.map(({ address, port }) => `${address}:${port}`),
    ]),
  );
}
