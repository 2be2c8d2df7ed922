import type { ModelRollout } from '../core/api/model-rollout.ts';
import type { ModelService } from '../core/api/model-service.ts';
import { assembleMesh } from '../core/assemble/assemble-mesh.ts';
import type { FallbackCache } from '../core/assemble/assemble-routing.ts';
import type { ServiceDecisions } from '../core/assemble/decisions.ts';
import { commandConflict } from '../core/decide/command-rules.ts';
import { decideService } from '../core/decide/decide-service.ts';
import { restoredDecisions } from '../core/decide/restored-decisions.ts';
import { NEW_SERVICE_STATE, type ServiceOutcome, type ServiceState } from '../core/decide/service-look.ts';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import type { Publication } from '../core/delta/resource.ts';
import type { ServiceIr } from '../core/ir/ir.ts';
import type { ServiceObservation } from '../core/observation/observation.ts';
import type { RolloutCommand } from '../core/policy/rollout/decision.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import { baselineOf } from './baseline.ts';
import { CommandDesk, type Switches } from './command-desk.ts';
import { ConfirmationDesk } from './confirmation-desk.ts';
import { DecisionBook } from './decision-book.ts';
import { EndpointMemory } from './endpoint-memory.ts';
import type { MeshPublisher } from './mesh-publisher.ts';
import { observeInbound } from './observe-inbound.ts';
import type {
  Confirmer,
  ControllerLog,
  EndpointSource,
  InboundSource,
  SignalSource,
  StateSaver,
} from './ports.ts';
import { RolloutCadence } from './rollout-cadence.ts';
import { RouteAcknowledgement } from './route-acknowledgement.ts';
import { restoredMemory, savedMemory } from './saved-memory.ts';
import { StateJournal } from './state-journal.ts';

export interface ControllerOptions {
  readonly signals: SignalSource;
  readonly endpoints: EndpointSource;
  readonly inbound: InboundSource;
  readonly confirmer: Confirmer;
  readonly fallbackCache?: FallbackCache;
  readonly publisher: MeshPublisher;
  readonly saver: StateSaver;
  readonly log: ControllerLog;
  /** As `saver` kept it. */
  readonly saved: ReadonlyMap<string, unknown>;
  /** The newest decisions on record, the newest first. */
  readonly latestDecisions: readonly DecisionRecord[];
}

/** What is known of a service after a look. */
export interface ServiceView {
  readonly service: ModelService;
  readonly observation: ServiceObservation | undefined;
  readonly outcome: ServiceOutcome | undefined;
  readonly ir: ServiceIr | undefined;
  readonly laggards: readonly string[];
}

/** While the disk is full records are kept, but not without bound. */
const MOST_UNSAVED = 10_000;

/** An increase of a share waits for the decrease of another: milliseconds, where sidecars follow. */
const SHARES_LOOK_MS = 100;

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
  readonly #journal: StateJournal;
  readonly #endpoints: EndpointMemory;
  readonly #states: Map<string, ServiceState>;
  readonly #outcomes = new Map<string, ServiceOutcome>();
  readonly #observations = new Map<string, ServiceObservation>();
  readonly #decisions = new Map<string, ServiceDecisions>();
  readonly #desk: CommandDesk;
  readonly #confirmations: ConfirmationDesk;
  readonly #failing = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  /** Records that could not be saved yet. */
  #unsaved: readonly DecisionRecord[] = [];
  #specs: SpecIndex = NO_SPECS;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#book = new DecisionBook(options.latestDecisions);
    this.#acknowledgement = new RouteAcknowledgement(options.publisher);
    this.#journal = new StateJournal(options.saved);
    const memory = restoredMemory(options.saved, (service, what) => options.log.warn({ service }, what));
    this.#endpoints = new EndpointMemory(options.endpoints, memory.discovered);
    this.#states = new Map(memory.states);
    this.#confirmations = new ConfirmationDesk(options.confirmer);
    this.#desk = new CommandDesk(memory.switches);
  }

  get specs(): SpecIndex {
    return this.#specs;
  }

  get switches(): Switches {
    return this.#desk.switches;
  }

  /**
   * Puts specs in force, at the next look.
   * @param onEndpoints called when discovery finds other endpoints: a look should follow
   */
  configure(specs: SpecIndex, onEndpoints: () => void): void {
    this.#specs = specs;
    const services = [...specs.services.values()];
    this.#options.signals.watch(services, [...specs.rollouts.values()], specs.templates);
    this.#options.endpoints.watch(services, onEndpoints);
    for (const map of [this.#outcomes, this.#observations, this.#decisions]) {
      for (const id of [...map.keys()]) if (!specs.services.has(id)) map.delete(id);
    }
    for (const id of this.#states.keys()) if (!specs.services.has(id)) this.#confirmations.forget(id);
    // A service that cannot be looked at keeps what was in force before the restart.
    for (const id of specs.services.keys()) {
      const state = this.#states.get(id);
      if (state !== undefined && !this.#decisions.has(id)) this.#decisions.set(id, restoredDecisions(state));
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
    this.#desk.ask(service, command, actor);
    return undefined;
  }

  /** Sets the switches; in force with the next look. */
  switchTo(switches: Switches, actor: string, nowMs: number): void {
    this.#desk.switchTo(switches, actor, nowMs);
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

  /** Whether any limit is divided among inbound sidecars, so that a new one must have its share soon. */
  get dividesLimits(): boolean {
    return [...this.#specs.policies.values()].some(({ spec }) => spec.rateLimits.some((each) => each.global));
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

  /** The shortest time between two looks that any rollout asks for, or a limit whose shares wait, ms. */
  intervalMs(longestMs: number): number {
    const wanted = [...this.#specs.rollouts.values()].map((each) => each.spec.analysis.interval);
    const waiting = [...this.#outcomes.values()].some(({ limits }) => limits.waiting);
    return Math.min(longestMs, ...wanted, ...(waiting ? [SHARES_LOOK_MS] : []));
  }

  #lookAt(id: string, service: ModelService, nowMs: number): ServiceOutcome | undefined {
    try {
      const observation = this.#options.signals.observe(service, nowMs);
      this.#observations.set(id, observation);
      const rollout = this.#specs.rollouts.get(id);
      const commands = this.#desk.take(id, rollout && rolloutKey(rollout), nowMs);
      const answers = this.#confirmations.answers(id);
      // A command or a yes is in force at once, whatever the rollout's interval.
      const hurry = commands.length > 0 || [...answers.values()].includes('yes');
      const outcome = decideService({
        service,
        rollout,
        policy: this.#specs.policies.get(id),
        observation,
        rolloutObservation: this.#cadence.due(id, rollout, observation, hurry, nowMs),
        endpoints: this.#endpoints.addressesOf(service),
        inbound: observeInbound(id, this.#specs.policies.get(id), this.#options, nowMs),
        acknowledged: this.#acknowledgement.of(id),
        commands,
        answers,
        frozen: this.switches.frozen || this.switches.baseline,
        state: this.stateOf(id),
        nowMs,
      });
      this.#confirmations.follow(id, rollout, outcome.rollout, nowMs);
      this.#states.set(id, outcome.state);
      this.#outcomes.set(id, this.#withLastEvidence(id, outcome));
      this.#decisions.set(id, outcome.decisions);
      this.#failing.delete(id);
      return outcome;
    } catch (error) {
      this.#noteFailure(id, error, 'a look at this service failed; its configuration stays as it is');
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
  #noteFailure(service: string, error: unknown, message: string): void {
    if (this.#failing.get(service) === String(error)) return;
    this.#failing.set(service, String(error));
    this.#options.log.error({ service, err: error }, message);
  }

  #publish(): Publication {
    const decisions = this.switches.baseline ? baselineOf(this.#decisions, this.#specs) : this.#decisions;
    const { publisher, fallbackCache } = this.#options;
    const endpointsOf = (service: ModelService) => this.#endpoints.of(service);
    return publisher.publish(assembleMesh(this.#specs, decisions, endpointsOf, fallbackCache));
  }

  #save(
    looks: readonly (readonly [string, ServiceOutcome | undefined])[],
    publication: Publication,
    nowMs: number,
  ): void {
    const records = [
      ...this.#book.record('', [...this.#desk.notes(), ...this.#confirmations.notes(nowMs)], undefined),
      ...looks.flatMap(([id, outcome]) => this.#book.record(id, outcome?.events ?? [], publication)),
    ];
    this.#unsaved = [...this.#unsaved, ...records].slice(-MOST_UNSAVED);
    for (const record of records) {
      this.#options.log.info(
        { decision: record.id, subject: record.subject, reason: record.reason },
        record.message,
      );
    }
    try {
      const memory = savedMemory({
        states: this.#states,
        discovered: this.#endpoints.entries(),
        switches: this.switches,
      });
      this.#options.saver.save(this.#journal.changes(memory), this.#unsaved, nowMs);
      this.#unsaved = [];
      this.#failing.delete('');
      const { publisher, saver } = this.#options;
      for (const { id, acknowledged } of this.#book.follow(
        (sequence, keys) => publisher.acknowledgement(sequence, keys),
        nowMs,
      )) {
        saver.acknowledge(id, acknowledged);
      }
    } catch (error) {
      this.#journal.forget();
      this.#noteFailure(
        '',
        error,
        'state cannot be saved; decisions go on, and are saved when it can be again',
      );
    }
  }
}

function rolloutKey({ metadata }: ModelRollout): string {
  return `${metadata.namespace}/${metadata.name}`;
}
