import type { ServiceStatus } from '../../core/status/status.ts';
import type { Mesh } from './mesh.ts';

/** A sparkline shows the last minute. */
const LENGTH = 60;

/** Requests a second that reach all versions together; undefined where nothing is known. */
export function totalRate(service: ServiceStatus): number | undefined {
  const rates = service.versions.flatMap((version) => version.requestsPerSecond ?? []);
  return rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0);
}

/** The last minute of each service's rate and of the whole mesh's, a point an event. */
export class Pulses {
  readonly #mesh: Mesh;
  readonly #rates = new Map<string, number[]>();
  readonly #total: number[] = [];

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  /** Takes a point of everything. */
  record(): void {
    let total = 0;
    for (const service of this.#mesh.services.values()) {
      const key = `${service.namespace}/${service.name}`;
      const rate = totalRate(service) ?? 0;
      const points = this.#rates.get(key) ?? [];
      this.#rates.set(key, points);
      push(points, rate);
      total += rate;
    }
    push(this.#total, total);
  }

  of(key: string): readonly number[] {
    return this.#rates.get(key) ?? [];
  }

  get total(): readonly number[] {
    return this.#total;
  }
}

function push(points: number[], value: number): void {
  points.push(value);
  if (points.length > LENGTH) points.shift();
}
