import type { ControlPlane } from './control-plane.ts';
import type { History } from './wire.ts';

/** Numbers of one subject at one moment, by the name of their series. */
type Sample = Readonly<Record<string, number | undefined>>;

/** A plot shows a rollout's last 15 minutes by the second… */
const ROLLOUT_HISTORY = { stepMs: 1_000, points: 900 } as const;
/** …and a service's last 30 minutes by 5 s: 500 services of 2 versions then take some 6 MB. */
const SERVICE_HISTORY = { stepMs: 5_000, points: 360 } as const;

/**
 * The last numbers of every rollout and service, so that a page opened later shows how it came to this.
 * Call `record` once a second.
 */
export class Recorder {
  readonly #rollouts = new Rings(ROLLOUT_HISTORY.stepMs, ROLLOUT_HISTORY.points);
  readonly #services = new Rings(SERVICE_HISTORY.stepMs, SERVICE_HISTORY.points);

  /** Takes the numbers of this moment (`at` in ms); moments closer than a step are left out. */
  record(source: Pick<ControlPlane, 'rollouts' | 'services'>, at: number): void {
    this.#rollouts.record(at, () =>
      source.rollouts().map((rollout) => [
        `${rollout.namespace}/${rollout.name}`,
        {
          weight: rollout.weight,
          ...Object.fromEntries(
            rollout.gates.map((gate) => [`${gate.name}/log10Evidence`, gate.log10Evidence]),
          ),
        },
      ]),
    );
    this.#services.record(at, () =>
      source.services().map((service) => [
        `${service.namespace}/${service.name}`,
        Object.fromEntries(
          service.versions.flatMap((version) => [
            [`${version.name}/weight`, version.weight],
            [`${version.name}/requestsPerSecond`, version.requestsPerSecond],
            [`${version.name}/errorPercent`, version.errorPercent],
            [`${version.name}/p95`, version.latencyMs?.p95],
          ]),
        ),
      ]),
    );
  }

  /** The history of the rollout `NAMESPACE/NAME`; empty where nothing was recorded yet. */
  rollout(key: string): History {
    return this.#rollouts.read(key);
  }

  /** The same of a service. */
  service(key: string): History {
    return this.#services.read(key);
  }
}

class Rings {
  readonly #stepMs: number;
  readonly #points: number;
  readonly #rings = new Map<string, Ring>();
  #last = Number.NEGATIVE_INFINITY;

  constructor(stepMs: number, points: number) {
    this.#stepMs = stepMs;
    this.#points = points;
  }

  record(at: number, samples: () => readonly (readonly [string, Sample])[]): void {
    // Timers come a little early or late; a tenth of a step is not worth a missing point.
    if (at - this.#last < 0.9 * this.#stepMs) return;
    this.#last = at;
    for (const [key, sample] of samples()) {
      const ring = this.#rings.get(key) ?? new Ring(this.#points);
      this.#rings.set(key, ring);
      ring.push(at, sample);
    }
    const oldest = at - this.#points * this.#stepMs;
    for (const [key, ring] of this.#rings) if (ring.newest < oldest) this.#rings.delete(key);
  }

  read(key: string): History {
    const recorded = this.#rings.get(key)?.read() ?? { at: [], series: {} };
    return { stepMs: this.#stepMs, ...recorded };
  }
}

class Ring {
  readonly #at: Float64Array;
  readonly #columns = new Map<string, Float32Array>();
  #count = 0;

  constructor(points: number) {
    this.#at = new Float64Array(points);
  }

  get newest(): number {
    return this.#at[(this.#count - 1) % this.#at.length] ?? 0;
  }

  push(at: number, sample: Sample): void {
    const slot = this.#count++ % this.#at.length;
    this.#at[slot] = at;
    for (const name of Object.keys(sample))
      if (!this.#columns.has(name))
        this.#columns.set(name, new Float32Array(this.#at.length).fill(Number.NaN));
    for (const [name, column] of this.#columns) column[slot] = sample[name] ?? Number.NaN;
  }

  read(): Pick<History, 'at' | 'series'> {
    const length = this.#at.length;
    const from = Math.max(0, this.#count - length);
    const slots = Array.from({ length: this.#count - from }, (_, i) => (from + i) % length);
    const columns = [...this.#columns].map(([name, column]) => [
      name,
      slots.map((slot) => finite(column[slot])),
    ]);
    return { at: slots.map((slot) => this.#at[slot] ?? 0), series: Object.fromEntries(columns) };
  }
}

/** JSON has no NaN; four decimals are more than a plot shows. */
function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toFixed(4));
}
