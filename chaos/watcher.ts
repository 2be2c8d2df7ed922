import type {
  BreakerStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../src/core/status/status.ts';
import type { RunRecord, Sample } from './record.ts';
import type { World } from './world.ts';

const EVERY_MS = 200;
const MEMORY_EVERY_MS = 1_000;

/** Looks at what the control plane says of itself, and keeps rollouts coming: when one is over, the next begins. */
export class Watcher {
  readonly samples: Sample[] = [];
  readonly memory: RunRecord['memory'][number][] = [];
  readonly #world: World;
  #isOver = false;
  readonly #ended: Promise<void>;
  #memoryAt = 0;
  /** The next rollout is in the specs; it may take a moment until it has begun. */
  #hasTurned = false;
  stories = 0;

  constructor(world: World) {
    this.#world = world;
    this.#ended = this.#watch();
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #watch(): Promise<void> {
    while (!this.#isOver) {
      await this.#look().catch(() => {}); // it may be down, or stopped: others see to that
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async #look(): Promise<void> {
    const at = performance.now();
    const bytes = this.#world.penstock.residentBytes;
    if (bytes !== undefined && at - this.#memoryAt >= MEMORY_EVERY_MS) {
      this.#memoryAt = at;
      this.memory.push({ at, bytes });
    }
    const [[rollout], [service], breakers, sidecars] = await Promise.all([
      listOf<RolloutStatus>(this.#world, 'rollouts'),
      listOf<ServiceStatus>(this.#world, 'services'),
      listOf<BreakerStatus>(this.#world, 'breakers'),
      listOf<SidecarStatus>(this.#world, 'sidecars'),
    ]);
    if (rollout === undefined || service === undefined) return;
    const { stable, candidate, phase, weight } = rollout;
    const sample = {
      at,
      until: performance.now(),
      rollout: { story: `${stable} → ${candidate}`, phase, stable, candidate, weight },
      weights: service.versions.map((version) => version.weight),
      breaker: breakers[0]?.phase ?? 'none',
      rejections: sidecars.flatMap(({ id, rejections }) =>
        rejections.map(({ message }) => `${id}: ${message}`),
      ),
    };
    const before = this.samples.at(-1);
    if (before?.rollout.story !== sample.rollout.story) this.stories += 1;
    this.samples.push(sample);
    await this.#goOn(sample, before);
  }

  /** The next rollout, the other way round; a failed one tries again. */
  async #goOn({ rollout }: Sample, before: Sample | undefined): Promise<void> {
    if (rollout.phase !== before?.rollout.phase) return; // let it stand for a moment
    const { course } = this.#world;
    if (rollout.phase !== 'Completed') this.#hasTurned = false;
    else if (!this.#hasTurned) {
      this.#hasTurned = true;
      this.#world.course = { stable: course.candidate, candidate: course.stable };
      this.#world.writeSpecs();
    }
    if (rollout.phase === 'RolledBack') {
      await ask(this.#world, 'rollouts/default/fraud-next:retry', {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
    }
  }
}

const PATIENCE_MS = 1_000;

async function ask(world: World, path: string, init: RequestInit = {}): Promise<unknown> {
  const answer = await fetch(`${world.adminUrl}/api/v1/${path}`, {
    ...init,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return answer.json();
}

async function listOf<T>(world: World, kind: string): Promise<readonly T[]> {
  const body = await ask(world, kind);
  return (Array.isArray(body) ? body : (body as { readonly items: unknown }).items) as readonly T[];
}

/** What the system still lacks to be well; undefined: nothing. */
export async function missing(world: World): Promise<string | undefined> {
  const ready = await fetch(`${world.adminUrl}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
    () => undefined,
  );
  if (ready?.ok !== true) return `readiness (${ready?.status ?? 'no answer'})`;
  const sidecars = await listOf<SidecarStatus>(world, 'sidecars');
  for (const { id } of world.sidecars) {
    const sidecar = sidecars.find((each) => each.id === id);
    if (sidecar === undefined) return `${id} to connect`;
    if (!sidecar.converged) return `${id} to acknowledge`;
  }
  const { specs } = (await ask(world, 'status')) as {
    readonly specs: { readonly problems: readonly string[] };
  };
  return specs.problems.length > 0 ? `specs in force (${specs.problems[0]})` : undefined;
}
