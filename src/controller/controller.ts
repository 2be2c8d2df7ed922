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
import { baselineOf } from './baseline.ts';
import { CommandDesk, type Switches } from './command-desk.ts';
import { ConfirmationDesk } from './confirmation-desk.ts';
import { EndpointMemory } from './endpoint-memory.ts';
import { lookIntervalMs } from './look-interval.ts';
import { observeInbound } from './observe-inbound.ts';
import type {
  AnchorSource,
  Confirmer,
  EndpointSource,
  InboundSource,
  SignalSource,
  WorkloadSource,
} from './ports.ts';
import { RecordKeeper, type RecordKeeperOptions } from './record-keeper.ts';
import { RolloutCadence } from './rollout-cadence.ts';
import { type Elsewhere, RouteAcknowledgement } from './route-acknowledgement.ts';
import { restoredMemory } from './saved-memory.ts';

export interface ControllerOptions extends RecordKeeperOptions {
  readonly signals: SignalSource;
  readonly endpoints: EndpointSource;
  readonly inbound: InboundSource;
  readonly confirmer: Confirmer;
  readonly fallbackCache?: FallbackCache;
  readonly elsewhere?: Elsewhere;
  readonly anchors?: AnchorSource;
  /** Absent: nothing is scaled from here. */
  readonly workloads?: WorkloadSource;
}

/** What is known of a service after a look. */
export interface ServiceView {
  readonly service: ModelService;
  readonly observation: ServiceObservation | undefined;
  readonly outcome: ServiceOutcome | undefined;
  readonly ir: ServiceIr | undefined;
  readonly laggards: readonly string[];
}

const NO_SPECS: SpecIndex = { services: new Map(), rollouts: new Map(), policies: new Map(), templates: [] };

/**
 * The loop: observe → decide → assemble → publish → save, one look at a time, synchronously. Everything that
 * decides is pure and elsewhere; this keeps what lies between two looks.
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #cadence = new RolloutCadence();
  readonly #acknowledgement: RouteAcknowledgement;
  readonly #keeper: RecordKeeper;
  readonly #endpoints: EndpointMemory;
  readonly #states: Map<string, ServiceState>;
  readonly #outcomes = new Map<string, ServiceOutcome>();
  readonly #observations = new Map<string, ServiceObservation>();
  readonly #decisions = new Map<string, ServiceDecisions>();
  readonly #desk: CommandDesk;
  readonly #confirmations: ConfirmationDesk;
  readonly #failing = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  /** Whether another replica decides, and this one publishes what it decided. */
  #following = false;
  #specs: SpecIndex = NO_SPECS;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#acknowledgement = new RouteAcknowledgement(options.publisher, options.elsewhere, options.anchors);
    this.#keeper = new RecordKeeper(options);
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
    this.#watchSignals();
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

  /** Another replica decides from now on: nothing is decided here, and what it decides is published. */
  follow(): void {
    this.#following = true;
    this.#outcomes.clear();
    this.#watchSignals();
  }

  /** What another replica decided for a service, and from which state; in force with the next look. */
  adopt(service: string, decisions: ServiceDecisions | undefined, state: ServiceState): void {
    if (decisions === undefined) this.#decisions.delete(service);
    else this.#decisions.set(service, decisions);
    this.#states.set(service, state);
  }

  /** The switches as another replica set them. */
  adoptSwitches(switches: Switches): void {
    this.#desk.adopt(switches);
  }

  /** This replica decides from now on, and goes on from what was saved. */
  lead(saved: ReadonlyMap<string, unknown>): void {
    const { log } = this.#options;
    const memory = restoredMemory(saved, (service, what) => log.warn({ service }, what));
    this.#states.clear();
    for (const [id, state] of memory.states) this.#states.set(id, state);
    this.#endpoints.remember(memory.discovered);
    this.#desk.adopt(memory.switches);
    this.#keeper.begin(saved);
    this.#following = false;
    this.#watchSignals();
  }

  /** What is in force for each service, by `NAMESPACE/NAME`. */
  get decisions(): ReadonlyMap<string, ServiceDecisions> {
    return this.#decisions;
  }

  /** One look at everything. What fails for one service is logged and leaves the others alone. */
  look(nowMs: number): Publication {
    const looks = this.#following
      ? []
      : [...this.#specs.services].map(([id, service]) => [id, this.#lookAt(id, service, nowMs)] as const);
    const publication = this.#publish();
    this.#options.anchors?.follow(this.#options.publisher.services, nowMs);
    for (const [id, outcome] of looks)
      if (outcome) this.#acknowledgement.published(id, outcome.rollout?.revision, publication);
    if (!this.#following) this.#save(looks, publication, nowMs);
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

  /** The shortest time between two looks that anything asks for, ms. */
  intervalMs(longestMs: number): number {
    return lookIntervalMs(longestMs, this.#specs.rollouts.values(), this.#outcomes.values());
  }

  /** Who only follows needs no signals. */
  #watchSignals(): void {
    const { services, rollouts, templates, policies } = this.#following ? NO_SPECS : this.#specs;
    const { signals } = this.#options;
    signals.watch([...services.values()], [...rollouts.values()], templates, [...policies.values()]);
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
        firstTiers: this.#endpoints.firstTiersOf(service),
        workloads: this.#options.workloads?.of(service),
        forecastPerSecond: this.#options.signals.forecastOf(id, nowMs),
        inbound: observeInbound(id, this.#specs.policies.get(id), this.#options, nowMs),
        acknowledged: this.#acknowledgement.of(id),
        commands,
        answers,
        frozen: this.switches.frozen || this.switches.baseline,
        state: this.stateOf(id),
        nowMs,
      });
      this.#confirmations.follow(id, rollout, outcome.rollout, nowMs);
      this.#options.workloads?.scale(service, outcome.workload.targets);
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
    const notes = [...this.#desk.notes(), ...this.#confirmations.notes(nowMs)];
    const memory = { states: this.#states, discovered: this.#endpoints.entries(), switches: this.switches };
    try {
      this.#keeper.save(notes, looks, publication, memory, nowMs);
      this.#failing.delete('');
    } catch (error) {
      const message = 'state cannot be saved; decisions go on, and are saved when it can be again';
      this.#noteFailure('', error, message);
    }
  }
}

function rolloutKey({ metadata }: ModelRollout): string {
  return `${metadata.namespace}/${metadata.name}`;
}
