import type { History } from '../../admin/wire.ts';
import type { Mesh } from './mesh.ts';

/** As long as the server's own memory; older points are dropped. */
const MAX_POINTS = 900;
/** A plot of minutes needs no finer steps. */
const MIN_STEP_MS = 900;

/** Numbers of one subject over time, as columns. */
export interface Trail {
  readonly at: number[];
  readonly series: Map<string, (number | null)[]>;
}

/**
 * The recent past of what is looked at, for plots: begun with what the server recorded, continued with each
 * event, bounded. Only subjects that were opened have one.
 */
export class Trails {
  readonly #mesh: Mesh;
  readonly #trails = new Map<string, Trail>();

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  /** The trail of `rollout default/fraud-v2` or `service default/fraud`. Reads the server's memory at first. */
  open(kind: 'rollout' | 'service', key: string, onSeeded: () => void): Trail {
    const name = `${kind} ${key}`;
    const known = this.#trails.get(name);
    if (known) return known;
    const trail: Trail = { at: [], series: new Map() };
    this.#trails.set(name, trail);
    void seed(trail, kind, key).then(onSeeded);
    return trail;
  }

  /** Takes the numbers of this moment for every open subject. */
  record(): void {
    const at = this.#mesh.updatedAt.peek();
    for (const [name, trail] of this.#trails) {
      const [kind, key = ''] = name.split(' ');
      const sample = kind === 'rollout' ? this.#sampleRollout(key) : this.#sampleService(key);
      if (sample && at - (trail.at.at(-1) ?? 0) >= MIN_STEP_MS) append(trail, at, sample);
    }
  }

  #sampleRollout(key: string): Readonly<Record<string, number | undefined>> | undefined {
    const rollout = this.#mesh.rollouts.find(key)?.peek();
    if (!rollout) return undefined;
    const evidence = rollout.gates.map((gate) => [`${gate.name}/log10Evidence`, gate.log10Evidence]);
    return { weight: rollout.weight, ...Object.fromEntries(evidence) };
  }

  #sampleService(key: string): Readonly<Record<string, number | undefined>> | undefined {
    const service = this.#mesh.services.find(key)?.peek();
    if (!service) return undefined;
    return Object.fromEntries(
      service.versions.flatMap((version) => [
        [`${version.name}/weight`, version.weight],
        [`${version.name}/requestsPerSecond`, version.requestsPerSecond],
        [`${version.name}/errorPercent`, version.errorPercent],
        [`${version.name}/p95`, version.latencyMs?.p95],
      ]),
    );
  }
}

/** Adds one moment; a series that is new has nulls before, one that is missing a null now. */
export function append(trail: Trail, at: number, sample: Readonly<Record<string, number | undefined>>): void {
  for (const name of Object.keys(sample))
    if (!trail.series.has(name))
      trail.series.set(
        name,
        trail.at.map(() => null),
      );
  trail.at.push(at);
  for (const [name, column] of trail.series) column.push(sample[name] ?? null);
  if (trail.at.length <= MAX_POINTS) return;
  trail.at.shift();
  for (const column of trail.series.values()) column.shift();
}

/** Puts what the server recorded before what came by events meanwhile. */
export function prepend(trail: Trail, history: History): void {
  const first = trail.at[0] ?? Number.POSITIVE_INFINITY;
  const count = history.at.filter((at) => at < first).length;
  const names = new Set([...Object.keys(history.series), ...trail.series.keys()]);
  for (const name of names) {
    const later = trail.series.get(name) ?? trail.at.map(() => null);
    const earlier = history.series[name]?.slice(0, count) ?? Array<null>(count).fill(null);
    trail.series.set(name, [...earlier, ...later]);
  }
  trail.at.unshift(...history.at.slice(0, count));
}

async function seed(trail: Trail, kind: string, key: string): Promise<void> {
  try {
    const response = await fetch(`/api/v1/history?${kind}=${encodeURIComponent(key)}`);
    if (response.ok) prepend(trail, (await response.json()) as History);
  } catch {
    // The plot begins with the next event instead.
  }
}
