import type { AdminClient } from '../cli/admin-client.ts';
import type {
  BreakerStatus,
  DecisionRecord,
  RolloutPhase,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../core/status/status.ts';
import { type Layout, NAMESPACE, SERVICE } from './layout.ts';
import type { Load } from './load.ts';
import type { Narrator } from './narrator.ts';
import type { DemoReport } from './report.ts';
import type { RolloutWish } from './specs.ts';
import { waitUntil } from './wait-until.ts';

/** What a model server is told to do wrong. */
export interface Fault {
  readonly failPercent?: number;
  readonly delayMs?: number;
}

/** Everything an act can see and do; all of it real. */
export interface Stage {
  readonly layout: Layout;
  readonly narrator: Narrator;
  readonly admin: AdminClient;
  /** Calls of the 1 000 users. */
  readonly load: Load;
  readonly callsPerSecond: number;
  /** Starts calls of one more client through its own sidecar. */
  startGreedyLoad(callsPerSecond: number): Load;
  /** Tells instances to misbehave, or with an empty fault to behave; in force when it resolves. */
  setFault(instances: readonly string[], fault: Fault): Promise<void>;
  /** Replaces the spec file; in force when it resolves. */
  writeSpecs(rollout: RolloutWish | undefined): Promise<void>;
  /** kill -9 and a new process on the same state. */
  restartPenstock(): Promise<void>;
  /** Load reports off, and a Prometheus that scrapes at this interval. */
  readPrometheusAlone(scrapeInterval: string): Promise<void>;
}

/** A part of the story: it plays, measures, and throws when it does not go as told. */
export interface Act {
  readonly name: string;
  readonly title: string;
  play(stage: Stage): Promise<ActFigures>;
}

/** Figures that an act adds to the report; nested ones are merged. */
export type ActFigures = { readonly [Key in keyof DemoReport]?: Partial<DemoReport[Key]> };

/** The story did not go as told; the message says what was expected and what was seen. */
export class StoryBroken extends Error {
  override readonly name = 'StoryBroken';
}

/** @throws StoryBroken with the text when the condition does not hold */
export function expectThat(condition: boolean, text: string): void {
  if (!condition) throw new StoryBroken(text);
}

/** The rollout as the control plane shows it now; undefined while there is none. */
async function rolloutStatus(stage: Stage, name: string): Promise<RolloutStatus | undefined> {
  const rollouts = await stage.admin.fetch<readonly RolloutStatus[]>('rollouts');
  return rollouts.find((each) => each.name === name);
}

/** From here a rollout goes nowhere by itself. */
const OVER: readonly RolloutPhase[] = ['Completed', 'RolledBack', 'Superseded'];

/**
 * Follows a rollout until it is as wanted, telling each weight and message on the way.
 * @throws StoryBroken when it ends otherwise
 */
export async function followRollout(
  stage: Stage,
  name: string,
  until: (status: RolloutStatus) => boolean,
  timeoutMs = 90_000,
): Promise<RolloutStatus> {
  let told = '';
  let over: RolloutStatus | undefined;
  const reached = await waitUntil(
    `rollout ${name}`,
    async () => {
      const status = await rolloutStatus(stage, name);
      if (status === undefined) return undefined;
      const line = `${String(status.weight / 100).padStart(3)} %  ${status.phase}`;
      if (line !== told) stage.narrator.tell(`${line}  ${status.message}`);
      told = line;
      if (until(status)) return status;
      if (OVER.includes(status.phase)) over = status;
      return over === undefined ? undefined : status;
    },
    { timeoutMs, everyMs: 100 },
  );
  if (over !== undefined) throw new StoryBroken(`${name} is ${over.phase}: ${over.message}`);
  return reached;
}

export async function service(stage: Stage): Promise<ServiceStatus> {
  const services = await stage.admin.fetch<readonly ServiceStatus[]>('services');
  const found = services.find((each) => each.name === SERVICE && each.namespace === NAMESPACE);
  if (found === undefined) throw new StoryBroken(`the service ${SERVICE} is not known to the control plane`);
  return found;
}

export async function breaker(stage: Stage): Promise<BreakerStatus> {
  const breakers = await stage.admin.fetch<readonly BreakerStatus[]>('breakers');
  const found = breakers.find((each) => each.service === SERVICE && each.version === undefined);
  if (found === undefined) throw new StoryBroken(`the service ${SERVICE} has no breaker`);
  return found;
}

export function sidecars(stage: Stage): Promise<readonly SidecarStatus[]> {
  return stage.admin.fetch<readonly SidecarStatus[]>('sidecars');
}

export function decisions(stage: Stage, subject: string): Promise<readonly DecisionRecord[]> {
  return stage.admin.fetch<readonly DecisionRecord[]>('decisions', { subject, limit: '50' });
}

/** `v1=75 v2=25 …` in percent, as the control plane decided them. */
export function weightsText(status: ServiceStatus): string {
  return status.versions.map((each) => `${each.name}=${each.weight / 100}`).join(' ');
}
