import { type Random, seeded } from '../statistics/random.ts';
import { Autoscaler, type Behaviour, SYNC_SECONDS } from './autoscaler.ts';
import { DAY_SECONDS, offeredAt } from './day.ts';
import { capacityOf, type Serving, slowerThan } from './latency.ts';
import type { Metric, PodSecond } from './scaling.ts';

export interface Scheme {
  readonly name: string;
  /** Undefined: as many pods all day. */
  readonly metric: Metric | undefined;
  readonly behaviour: Behaviour;
  /** Pods at midnight. */
  readonly pods: number;
}

/** A pod that fails at once, and so draws calls: least request takes it for idle. */
export interface Fault {
  readonly from: number;
  readonly to: number;
}

export interface Outcome {
  readonly name: string;
  readonly podHours: number;
  /** Over all calls of the day, ms. */
  readonly p99Ms: number;
  /** Of the worst minute, ms. */
  readonly worstMinuteMs: number;
  /** From the rise above what the day's pods serve at their rate until there are enough for the peak, ready, s. */
  readonly peakReadyAfterS: number | undefined;
  /** Pods taken away while the fault lasted. */
  readonly takenInFault: number;
  readonly failed: number;
  readonly calls: number;
  /** Ready pods, each minute. */
  readonly readyByMinute: readonly number[];
  readonly p99ByMinute: readonly number[];
}

export const SERVING: Serving = { concurrency: 8, serviceMs: 12, variation: 0.4 };
/** To schedule, to load the model, and to warm up. */
const START_SECONDS = 25;
/** A pod that fails fast gets so many times its share where nobody takes it out. */
const DRAWS = 3;
const BOUNDS_MS = Array.from({ length: 140 }, (_, i) => 8 * 1.05 ** i);
const PEAK_PODS = 8;
/** A look at the world; the autoscaler looks every fifth time. */
const STEP_SECONDS = 3;

interface Pod {
  readonly address: string;
  readonly readyAt: number;
}

/** A day, second by second. */
export function replay(scheme: Scheme, fault: Fault): Outcome {
  const { metric } = scheme;
  const random = seeded(1);
  const autoscaler = new Autoscaler(scheme.behaviour);
  const capacity = capacityOf(SERVING);
  let made = 0;
  const newPod = (readyAt: number): Pod => ({ address: `10.0.${made >> 8}.${made++ & 255}:9000`, readyAt });
  let pods = Array.from({ length: scheme.pods }, () => newPod(-600));
  let backlog = 0;
  let podSeconds = 0;
  let failed = 0;
  let calls = 0;
  let taken = 0;
  let risenAt: number | undefined;
  let peakReadyAfterS: number | undefined;
  let sick: string | undefined;
  const latencies = new Latencies();
  const day = new Tally();
  let minute = new Tally();
  const readyByMinute: number[] = [];
  const p99ByMinute: number[] = [];

  for (let second = 0; second < DAY_SECONDS; second += STEP_SECONDS) {
    const ready = pods.filter(({ readyAt }) => readyAt <= second);
    const faulty = second >= fault.from && second < fault.to;
    sick = faulty ? (sick ?? ready[0]?.address) : undefined;
    const offered = drawn(random, offeredAt(second));
    const weights = ready.map(
      ({ address }) => (metric?.factor(address) ?? 1) * (address === sick ? DRAWS : 1),
    );
    const all = weights.reduce((sum, each) => sum + each, 0);
    const seconds = ready.map(({ address }, i): PodSecond => {
      const requests = (offered * (weights[i] ?? 0)) / all;
      const well = address !== sick;
      return {
        address,
        requests: Math.round(requests * STEP_SECONDS),
        failures: well ? 0 : Math.round(requests * STEP_SECONDS),
        cpu: well ? Math.min(1, requests / capacity + (backlog > 0 ? 1 : 0)) : 0.05,
      };
    });
    const lost = seconds.reduce((sum, { failures }) => sum + failures, 0) / STEP_SECONDS;
    const well = Math.max(1, ready.length - (sick === undefined ? 0 : 1));
    const served = offered - lost;
    backlog = Math.max(0, backlog + (served - well * capacity) * STEP_SECONDS);
    const wait = (1000 * backlog) / (well * capacity);
    const slower = latencies.of(well, served, wait);
    day.add(served, slower);
    minute.add(served, slower);
    failed += lost * STEP_SECONDS;
    calls += offered * STEP_SECONDS;
    podSeconds += pods.length * STEP_SECONDS;

    const pace = offeredAt(second);
    if (second > 19 * 3600 && pace > 1500) risenAt ??= second;
    if (risenAt !== undefined && ready.length >= PEAK_PODS) peakReadyAfterS ??= second - risenAt;
    metric?.observe(second, seconds);
    if (metric !== undefined && second % SYNC_SECONDS === 0) {
      const wanted = autoscaler.look(second, pods.length, metric.ratio(pods.length));
      if (wanted < pods.length && faulty) taken += pods.length - wanted;
      // ReplicaSets take the youngest.
      pods = pods.slice(0, wanted);
      while (pods.length < wanted) pods.push(newPod(second + START_SECONDS));
    }
    if ((second + STEP_SECONDS) % 60 === 0) {
      readyByMinute.push(ready.length);
      p99ByMinute.push(minute.quantile(0.99));
      minute = new Tally();
    }
  }
  return {
    ...{ name: scheme.name, podHours: podSeconds / 3600, p99Ms: day.quantile(0.99) },
    ...{ worstMinuteMs: Math.max(...p99ByMinute), peakReadyAfterS, takenInFault: taken },
    ...{ failed, calls, readyByMinute, p99ByMinute },
  };
}

/** Calls a second over a step of them that come when they like: Poisson's, by the normal distribution. */
function drawn(random: Random, perSecond: number): number {
  const z = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.max(0, perSecond + z * Math.sqrt(perSecond / STEP_SECONDS));
}

/** Latencies at a load to which others of the day are equal, within a hundredth of what one pod is meant for. */
class Latencies {
  readonly #known = new Map<number, readonly number[]>();

  of(pods: number, perSecond: number, waitMs: number): readonly number[] {
    if (waitMs > 0) return slowerThan(BOUNDS_MS, SERVING, pods, perSecond, waitMs);
    const rate = Math.round(perSecond / 5) * 5;
    const key = rate * 100 + pods;
    const known = this.#known.get(key) ?? slowerThan(BOUNDS_MS, SERVING, pods, rate, 0);
    this.#known.set(key, known);
    return known;
  }
}

/** How many answers took longer than each bound. */
class Tally {
  #calls = 0;
  readonly #slower = new Float64Array(BOUNDS_MS.length);

  add(calls: number, slower: readonly number[]): void {
    this.#calls += calls;
    for (let i = 0; i < slower.length; i++)
      this.#slower[i] = (this.#slower[i] ?? 0) + (slower[i] ?? 0) * calls;
  }

  quantile(q: number): number {
    const i = this.#slower.findIndex((slower) => slower <= (1 - q) * this.#calls);
    return BOUNDS_MS[i] ?? Number.POSITIVE_INFINITY;
  }
}
