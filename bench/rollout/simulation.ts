import type { ModelRollout } from '../../src/core/api/model-rollout.ts';
import { modelRolloutSchema } from '../../src/core/api/model-rollout.ts';
import { type ModelService, modelServiceSchema } from '../../src/core/api/model-service.ts';
import { TOTAL_WEIGHT } from '../../src/core/ir/ir.ts';
import { mergeObservations } from '../../src/core/observation/merge.ts';
import type {
  HistogramCounts,
  ServiceObservation,
  VersionObservation,
} from '../../src/core/observation/observation.ts';
import type { Reading } from '../../src/core/observation/reading.ts';
import { decideRollout } from '../../src/core/policy/rollout/decide-rollout.ts';
import type {
  RolloutCommand,
  RolloutDecision,
  RolloutEvent,
  RolloutInput,
} from '../../src/core/policy/rollout/decision.ts';
import type { RolloutState } from '../../src/core/policy/rollout/state.ts';
import { type Dispersion, learnDispersion, NO_DISPERSION } from '../../src/core/stats/dispersion.ts';
import { binomial, poisson, type Random, seeded } from '../statistics/random.ts';

export const START = 1_700_000_000_000;
const LATENCY_BOUNDS = [5, 10, 20, 40, 80, 160, 320, 640];
const SCORE_BOUNDS = [0.2, 0.4, 0.6, 0.8, 0.9, 0.95];

/** How a version behaves at a moment of the simulation. */
export interface Behaviour {
  readonly failureRate: number;
  /** Share of the calls that end without an answer; undefined: the source cannot tell. */
  readonly abandonedRate?: number;
  readonly latencyMs: number;
  /** 0 … 1; the larger, the surer the model. */
  readonly sureness: number;
  readonly query: number;
}

export const GOOD: Behaviour = { failureRate: 0.001, latencyMs: 15, sureness: 0.9, query: 0.005 };

export interface Scenario {
  readonly spec: Record<string, unknown>;
  readonly ratePerSecond?: number;
  readonly candidate?: (second: number, weight: number) => Partial<Behaviour>;
  readonly stable?: (second: number) => Partial<Behaviour>;
  readonly commands?: (second: number, state: RolloutState) => readonly RolloutCommand[];
  /** Data of the candidate is lost at these seconds. */
  readonly dark?: (second: number) => 'missing' | 'stale' | 'invalid' | undefined;
  /** Changes the spec in mid-flight. */
  readonly edit?: (second: number) => Record<string, unknown> | undefined;
  readonly clockMs?: (second: number) => number;
  readonly laggards?: (second: number) => readonly string[];
  readonly frozen?: (second: number) => boolean;
  readonly answers?: (
    second: number,
    decision: RolloutDecision | undefined,
  ) => ReadonlyMap<string, 'yes' | 'no'>;
  readonly service?: (second: number) => ModelService['spec'];
  /** Scraped so often and not at once: a version's increments come together, stable's and the candidate's apart. */
  readonly scrapeSeconds?: number;
  readonly seed?: number;
  /** Seconds before the rollout in which stable alone had all traffic. */
  readonly historySeconds?: number;
}

export function serviceOf(...names: readonly string[]): ModelService['spec'] {
  const versions = names.map((name, i) => ({
    name,
    endpoints: { static: [{ address: '127.0.0.1', port: 9001 + i }] },
  }));
  return modelServiceSchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelService',
    metadata: { name: 'fraud' },
    spec: { port: 9000, versions },
  }).spec;
}

const SERVICE = serviceOf('v1', 'v2', 'v3');

const parsed = new WeakMap<object, ModelRollout['spec']>();

/** A valid spec with usual values; `given` goes over it. The same object is parsed once. */
function specOf(given: Record<string, unknown>): ModelRollout['spec'] {
  const spec = parsed.get(given) ?? parseSpec(given);
  parsed.set(given, spec);
  return spec;
}

function parseSpec(given: Record<string, unknown>): ModelRollout['spec'] {
  return modelRolloutSchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelRollout',
    metadata: { name: 'fraud-v2' },
    spec: {
      targetRef: { kind: 'ModelService', name: 'fraud' },
      stable: 'v1',
      candidate: 'v2',
      retention: '10s',
      ...given,
    },
  }).spec;
}

/** Simulates a rollout a look a second, with weights in force a look after they were decided. */
export class Simulation {
  readonly decisions: RolloutDecision[] = [];
  readonly events: RolloutEvent[] = [];
  second = 0;
  /** Requests that the candidate failed. */
  failed = 0;
  readonly #scenario: Scenario;
  readonly #random: Random;
  #unscraped: ServiceObservation | undefined;
  #dispersion: Dispersion = NO_DISPERSION;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#random = seeded(scenario.seed ?? 1);
    for (let second = -(scenario.historySeconds ?? 0); second < 0; second++) {
      const behaviour = { ...GOOD, ...scenario.stable?.(second) };
      this.#learn(this.#version(scenario.ratePerSecond ?? 100, behaviour, START + 1000 * second));
    }
  }

  get last(): RolloutDecision {
    const decision = this.decisions.at(-1);
    if (decision === undefined) throw new Error('nothing was decided yet');
    return decision;
  }

  get phase(): string {
    return this.last.state.phase;
  }

  /** Reasons of all events so far. */
  get reasons(): readonly string[] {
    return this.events.map((event) => event.reason);
  }

  /** The version's weight outside of slices. */
  weightOf(version: string): number {
    return this.last.weights.find((each) => each.version === version)?.weight ?? Number.NaN;
  }

  /** Runs until the condition holds; returns the second at which it does, undefined if it never does. */
  until(condition: (decision: RolloutDecision) => boolean, seconds = 3600): number | undefined {
    for (let i = 0; i < seconds; i++) {
      this.look();
      if (condition(this.last)) return this.second;
    }
    return undefined;
  }

  run(seconds: number): this {
    for (let i = 0; i < seconds; i++) this.look();
    return this;
  }

  look(): void {
    this.second += 1;
    const previous = this.decisions.at(-1);
    // Only what JSON carries survives: every look is a restart.
    const state =
      previous === undefined ? undefined : (JSON.parse(JSON.stringify(previous.state)) as RolloutState);
    const decision = decideRollout(this.#input(previous, state));
    this.decisions.push(decision);
    this.events.push(...decision.events);
  }

  #input(previous: RolloutDecision | undefined, state: RolloutState | undefined): RolloutInput {
    const { second } = this;
    const scenario = this.#scenario;
    const nowMs = scenario.clockMs?.(second) ?? START + second * 1000;
    const given = scenario.edit?.(second) ?? scenario.spec;
    const observation = this.#observe(previous, nowMs);
    const failureDispersion = this.#dispersion;
    this.#learn(observation.versions.get('v1'));
    return {
      rollout: 'fraud-v2',
      spec: specOf(given),
      service: scenario.service?.(second) ?? SERVICE,
      observation,
      failureDispersion,
      acknowledged: {
        revision: previous?.revision ?? 0,
        connected: 3,
        laggards: scenario.laggards?.(second) ?? [],
      },
      commands: state === undefined ? [] : (scenario.commands?.(second, state) ?? []),
      answers: scenario.answers?.(second, previous) ?? new Map(),
      frozen: scenario.frozen?.(second) ?? false,
      state,
      nowMs,
    };
  }

  /** As the service does at every look. */
  #learn(stable: VersionObservation | undefined): void {
    if (stable?.requests.kind !== 'value') return;
    this.#dispersion = learnDispersion(this.#dispersion, stable.requests.value, stable.requests.at);
  }

  #observe(previous: RolloutDecision | undefined, at: number): ServiceObservation {
    const split = previous?.slices.find(({ by }) => by === 'match')?.weights ?? previous?.weights ?? [];
    const weightOf = (name: string) => split.find((each) => each.version === name)?.weight ?? 0;
    const rate = this.#scenario.ratePerSecond ?? 100;
    const dark = this.#scenario.dark?.(this.second);
    const candidate = { ...GOOD, ...this.#scenario.candidate?.(this.second, weightOf('v2')) };
    const stable = { ...GOOD, ...this.#scenario.stable?.(this.second) };
    const shown = this.#version((rate * weightOf('v2')) / TOTAL_WEIGHT, candidate, at);
    if (shown.requests.kind === 'value') this.failed += shown.requests.value.failures;
    const versions = new Map([
      ['v1', this.#version((rate * weightOf('v1')) / TOTAL_WEIGHT, stable, at)],
      ['v2', dark === undefined ? shown : darken(shown, dark, at)],
      ['v3', this.#version((rate * weightOf('v3')) / TOTAL_WEIGHT, GOOD, at)],
    ]);
    const query = (value: number): Reading<number> => ({ kind: 'value', value, at });
    const queries = new Map([
      ['fraud-v2/rejections/v2', query(candidate.query)],
      ['fraud-v2/rejections/v1', query(stable.query)],
    ]);
    return this.#scraped({ service: 'default/fraud', at, versions, queries });
  }

  /** With scrapes, what happened is kept back until the version's own scrape. */
  #scraped(now: ServiceObservation): ServiceObservation {
    const every = this.#scenario.scrapeSeconds;
    if (every === undefined) return now;
    const kept = this.#unscraped === undefined ? now : mergeObservations(this.#unscraped, now);
    const due = (i: number) => this.second % every === (2 * i) % every;
    const names = [...now.versions.keys()];
    const pick = (from: ServiceObservation, wanted: (i: number) => boolean) =>
      names.flatMap((name, i): [string, VersionObservation][] => {
        const version = from.versions.get(name);
        return version !== undefined && wanted(i) ? [[name, version]] : [];
      });
    this.#unscraped = { ...kept, versions: new Map(pick(kept, (i) => !due(i))) };
    const idle = pick(now, (i) => !due(i)).map(([name]): [string, VersionObservation] => [
      name,
      this.#version(0, GOOD, now.at),
    ]);
    return { ...now, versions: new Map([...pick(kept, due), ...idle]) };
  }

  #version(rate: number, behaviour: Behaviour, at: number): VersionObservation {
    const begun = poisson(this.#random, rate);
    const { abandonedRate } = behaviour;
    const abandoned = abandonedRate === undefined ? 0 : binomial(this.#random, begun, abandonedRate);
    const requests = begun - abandoned;
    const failures = binomial(this.#random, requests, behaviour.failureRate);
    const value = <T>(given: T): Reading<T> => ({ kind: 'value', value: given, at });
    return {
      requests: value({ requests, failures, ...(abandonedRate === undefined ? {} : { abandoned }) }),
      latencyMs: value(
        this.#histogram(requests, LATENCY_BOUNDS, () => behaviour.latencyMs * Math.exp(0.4 * this.#normal())),
      ),
      scores: value(
        this.#histogram(requests, SCORE_BOUNDS, () => this.#random.next() ** (1 - behaviour.sureness)),
      ),
      endpoints: [],
      sources: { requests: 'simulated', latencyMs: 'simulated', scores: 'simulated' },
    };
  }

  #normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.#random.next())) * Math.cos(2 * Math.PI * this.#random.next());
  }

  #histogram(count: number, bounds: readonly number[], draw: () => number): HistogramCounts {
    const counts = [...bounds.map(() => 0), 0];
    for (let i = 0; i < count; i++) {
      const value = draw();
      const bucket = bounds.findIndex((bound) => value <= bound);
      const at = bucket < 0 ? bounds.length : bucket;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return { bounds, counts };
  }
}

function darken(
  version: VersionObservation,
  kind: 'missing' | 'stale' | 'invalid',
  at: number,
): VersionObservation {
  const reading: Reading<never> =
    kind === 'missing'
      ? { kind, detail: 'target down' }
      : kind === 'stale'
        ? { kind, lastAt: at - 60_000, detail: 'no scrape' }
        : { kind, at, detail: 'NaN' };
  return { ...version, requests: reading, latencyMs: reading, scores: reading };
}
