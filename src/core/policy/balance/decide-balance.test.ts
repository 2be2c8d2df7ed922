import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomial, poisson, seeded } from '../../../../bench/statistics/random.ts';
import { trafficPolicySchema } from '../../api/traffic-policy.ts';
import type { EndpointObservation } from '../../observation/observation.ts';
import type { Reading } from '../../observation/reading.ts';
import { decideBalance } from './decide-balance.ts';
import type { BalanceDecision, BalanceState } from './decision.ts';

const START = 1_700_000_000_000;

function specOf(given: Record<string, unknown> = {}) {
  const { balancing } = trafficPolicySchema.parse({
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'fraud' },
    spec: { targetRef: { kind: 'ModelService', name: 'fraud' }, balancing: given },
  }).spec;
  if (balancing === undefined) throw new Error('no balancing');
  return balancing;
}

interface Pod {
  /** Requests a second that it can serve. */
  readonly capacity: number;
  readonly failing?: number;
  /** Fails without working: answers at once. */
  readonly failsFast?: boolean;
  /** Share of the calls that end without an answer. */
  readonly abandoned?: number;
  readonly dark?: boolean;
  /** Tells its queue by ORCA. */
  readonly tellsQueue?: boolean;
  /** Of its GPU's memory, 0 … 1, as it tells by ORCA. */
  readonly memory?: number;
}

interface Plant {
  readonly rate: number;
  readonly pods: (second: number) => readonly Pod[];
  readonly spec?: Record<string, unknown>;
  readonly frozen?: (second: number) => boolean;
  readonly clockMs?: (second: number) => number;
  readonly seed?: number;
}

interface Look {
  readonly decision: BalanceDecision;
  readonly factors: readonly number[];
  /** Mean latency over all requests, ms. */
  readonly latencyMs: number;
}

/** What one second did to a queue in front of `servers`-less capacity; latency by the mean queue. */
function serve(
  queue: number,
  arrivals: number,
  capacity: number,
): { queue: number; done: number; latencyMs: number } {
  const done = Math.min(queue + arrivals, capacity);
  const left = queue + arrivals - done;
  const busy = Math.min(0.95, done / capacity);
  const waiting = (queue + left) / 2 + busy ** 2 / (1 - busy);
  return { queue: left, done, latencyMs: (1000 * (waiting + 1)) / capacity };
}

/**
 * A pool with queues: what was decided is in force a second later, and what happened is seen a second after
 * that, as with load reports.
 */
function simulate(plant: Plant, seconds: number): Look[] {
  const random = seeded(plant.seed ?? 1);
  const spec = specOf(plant.spec);
  const looks: Look[] = [];
  let queues = plant.pods(1).map(() => 0);
  let late: EndpointObservation[] = [];
  for (let second = 1; second <= seconds; second++) {
    const pods = plant.pods(second);
    const addresses = pods.map((_, i) => `10.0.0.${i}:9000`);
    const inForce = pods.map((_, i) => looks.at(-2)?.factors[i] ?? 1);
    const sum = inForce.reduce((a, b) => a + b, 0);
    let latencySum = 0;
    const happened = pods.map((pod, i): EndpointObservation => {
      const arrivals = poisson(random, (plant.rate * (inForce[i] ?? 1)) / sum);
      const served = pod.failsFast
        ? { queue: 0, done: arrivals, latencyMs: 1 }
        : serve(queues[i] ?? 0, arrivals, pod.capacity);
      queues = queues.map((queue, k) => (k === i ? served.queue : queue));
      latencySum += served.latencyMs * arrivals;
      const value = <T>(given: T): Reading<T> =>
        pod.dark ? { kind: 'missing', detail: 'no report' } : { kind: 'value', value: given, at: second };
      const begun = Math.round(served.done);
      const abandoned = binomial(random, begun, pod.abandoned ?? 0);
      const requests = begun - abandoned;
      const failures = binomial(random, requests, pod.failing ?? 0);
      return {
        address: addresses[i] ?? '',
        requests: value({ requests, failures, abandoned }),
        inFlight: value(Math.round(served.queue)),
        utilization: pod.memory === undefined ? { kind: 'missing', detail: '' } : value(pod.memory),
        queue: pod.tellsQueue ? value(served.queue) : { kind: 'missing', detail: '' },
        latencyMs: requests > 0 ? value(served.latencyMs) : { kind: 'missing', detail: 'no requests' },
      };
    });
    const previous = looks.at(-1)?.decision.state;
    const decision = decideBalance({
      spec,
      endpoints: addresses,
      observation: late,
      state: previous === undefined ? undefined : (JSON.parse(JSON.stringify(previous)) as BalanceState),
      frozen: plant.frozen?.(second) ?? false,
      nowMs: plant.clockMs?.(second) ?? START + second * 1000,
    });
    late = happened;
    const factors = addresses.map((address) => decision.factors.get(address) ?? 1);
    looks.push({ decision, factors, latencyMs: latencySum / Math.max(1, plant.rate) });
  }
  return looks;
}

const fine: Pod = { capacity: 50 };

function pool(first: Pod, size = 4): readonly Pod[] {
  return [first, ...Array.from({ length: size - 1 }, () => fine)];
}

/** Between the highest and the lowest factor of a pod over the last looks. */
function swing(looks: readonly Look[], pod: number, last: number): number {
  const factors = looks.slice(-last).map((look) => look.factors[pod] ?? 1);
  return Math.max(...factors) - Math.min(...factors);
}

describe('an endpoint', () => {
  it('that fails 30 % of 10 requests/s is derated within a median of 5 s', () => {
    const taken = Array.from({ length: 21 }, (_, seed) => {
      const looks = simulate(
        { rate: 40, seed, pods: (second) => pool(second > 30 ? { ...fine, failing: 0.3 } : fine) },
        60,
      );
      return looks.findIndex((look, i) => i > 30 && (look.factors[0] ?? 1) < 0.8) - 30;
    });
    expect(taken.sort((a, b) => a - b)[10]).toBeLessThanOrEqual(5);
    expect(taken.every((seconds) => seconds > 0)).toBe(true);
  });

  it('as good as its peers at .5 % errors is never derated in an hour', () => {
    const pod: Pod = { ...fine, failing: 0.005 };
    const looks = simulate({ rate: 40, pods: () => [pod, pod, pod, pod] }, 3600);
    expect(looks.flatMap((look) => look.decision.events)).toEqual([]);
    expect(Math.min(...looks.flatMap((look) => look.factors))).toBeGreaterThan(0.8);
  });

  it('that fails fast attracts no load, and its peers do not look slow beside it', () => {
    const failsFast: Pod = { capacity: 50, failing: 1, failsFast: true };
    for (const size of [2, 3, 4]) {
      const looks = simulate({ rate: 20 * size, pods: () => pool(failsFast, size) }, 60);
      expect(looks.at(-1)?.factors[0]).toBeLessThan(0.6);
      expect(looks.every((look) => (look.factors[1] ?? 0) >= (look.factors[0] ?? 1))).toBe(true);
    }
  });

  it('that never answers is derated, and callers who press stop everywhere derate nobody', () => {
    const hangs = simulate({ rate: 40, pods: (s) => pool(s > 30 ? { ...fine, abandoned: 1 } : fine) }, 40);
    expect(hangs.at(-1)?.factors[0]).toBeLessThan(0.5);
    const stopped: Pod = { ...fine, abandoned: 0.2 };
    const looks = simulate({ rate: 40, pods: () => [stopped, stopped, stopped, stopped] }, 600);
    expect(looks.flatMap((look) => look.decision.events)).toEqual([]);
  });

  it('five times as slow gets little, the latency of all comes down, and its weight settles', () => {
    const brownout = (second: number) => pool(second > 20 ? { capacity: 10 } : fine);
    const looks = simulate({ rate: 80, pods: brownout }, 240);
    expect(looks.at(-1)?.factors[0]).toBeLessThan(0.5);
    const late = looks.slice(-60).map((look) => look.latencyMs);
    const without = simulate({ rate: 80, pods: brownout, spec: { shadow: true } }, 240).slice(-60);
    expect(Math.max(...late)).toBeLessThan(Math.min(...without.map((look) => look.latencyMs)) / 3);
    expect(swing(looks, 0, 100)).toBeLessThan(0.15);
  });

  it('comes back when it is well again', () => {
    const looks = simulate(
      { rate: 80, pods: (second) => pool(second > 20 && second < 100 ? { capacity: 10 } : fine) },
      240,
    );
    expect(looks[98]?.factors[0]).toBeLessThan(0.6);
    expect(looks.at(-1)?.factors[0]).toBeGreaterThan(0.85);
    const reasons = looks.flatMap((look) => look.decision.events).map((event) => event.reason);
    expect(reasons).toEqual(['EndpointDerated', 'EndpointRestored']);
  });

  it('with a long queue gets less, without oscillation', () => {
    const weak: Pod = { capacity: 15, tellsQueue: true };
    const strong: Pod = { capacity: 50, tellsQueue: true };
    const looks = simulate({ rate: 80, pods: () => [weak, strong, strong, strong] }, 300);
    expect(looks.at(-1)?.factors[0]).toBeLessThan(0.8);
    expect(swing(looks, 0, 100)).toBeLessThan(0.15);
  });

  it('whose GPU memory is nearly full gets less than one with room', () => {
    const full: Pod = { ...fine, memory: 0.95 };
    const roomy: Pod = { ...fine, memory: 0.4 };
    const looks = simulate({ rate: 40, pods: () => [full, roomy, roomy, roomy] }, 120);
    expect(looks.at(-1)?.factors[0]).toBeLessThan(0.6);
    expect(looks.at(-1)?.factors.slice(1)).toEqual([1, 1, 1]);
  });

  it("that is not seen keeps its weight, and after five minutes has the spec's again", () => {
    const plant = (second: number) => pool({ capacity: 50, failing: 0.5, dark: second > 40 });
    const looks = simulate({ rate: 80, pods: plant }, 420);
    expect(looks[41]?.factors[0]).toBeLessThan(0.7);
    expect(looks[300]?.factors[0]).toBe(looks[44]?.factors[0]);
    expect(looks.at(-1)?.factors[0]).toBeGreaterThan(0.9);
  });
});

describe('a pool', () => {
  it('that is seen by nobody is left alone', () => {
    const looks = simulate(
      {
        rate: 80,
        pods: () => pool({ ...fine, dark: true }).map((pod) => ({ ...pod, dark: true, failing: 1 })),
      },
      60,
    );
    expect(looks.every((look) => look.factors.every((factor) => factor === 1))).toBe(true);
  });

  it('that fails alike is left alone', () => {
    const looks = simulate(
      { rate: 80, pods: () => pool({ ...fine, failing: 0.9 }).map(() => ({ ...fine, failing: 0.9 })) },
      120,
    );
    expect(Math.min(...looks.flatMap((look) => look.factors))).toBeGreaterThan(0.5);
  });

  it('never puts more than two fair shares on one endpoint', () => {
    const bad: Pod = { capacity: 50, failing: 0.9 };
    const looks = simulate({ rate: 80, pods: () => [fine, bad, bad, bad] }, 120);
    const last = looks.at(-1)?.factors ?? [];
    const sum = last.reduce((a, b) => a + b, 0);
    expect((4 * (last[0] ?? 0)) / sum).toBeLessThanOrEqual(2.01);
  });

  it('under the kill switch, and in shadow mode, is left alone', () => {
    const failing = () => pool({ ...fine, failing: 0.9 });
    const frozen = simulate({ rate: 80, pods: failing, frozen: () => true }, 60);
    expect(frozen.at(-1)?.factors).toEqual([1, 1, 1, 1]);
    const shadow = simulate({ rate: 80, pods: failing, spec: { shadow: true } }, 60);
    expect(shadow.at(-1)?.decision.factors.size).toBe(0);
    expect(shadow.at(-1)?.decision.evidence[0]?.factor).toBeLessThan(0.6);
  });

  it('survives a clock that steps', () => {
    const clockMs = (second: number) => START + second * 1000 - (second > 20 ? 3_600_000 : 0);
    const looks = simulate({ rate: 80, clockMs, pods: () => pool({ ...fine, failing: 0.5 }) }, 60);
    expect(looks.at(-1)?.factors[0]).toBeLessThan(0.7);
  });

  it('changes no weight by more than the step, stays in (0, 1], and has a best of 1, whatever happens', () => {
    const pod = fc.record({
      capacity: fc.constantFrom(5, 50),
      failing: fc.constantFrom(0, 0.3, 1),
      dark: fc.boolean(),
      tellsQueue: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(pod, { minLength: 1, maxLength: 5 }),
        fc.array(pod, { minLength: 5, maxLength: 5 }),
        (early, late) => {
          const pods = (second: number) => early.map((each, i) => (second < 30 ? each : (late[i] ?? each)));
          const looks = simulate({ rate: 60, pods }, 60);
          for (const [i, { factors }] of looks.entries()) {
            expect(Math.max(...factors)).toBeCloseTo(1);
            for (const [k, factor] of factors.entries()) {
              expect(factor).toBeGreaterThan(0.04);
              const before = looks[i - 1]?.factors[k] ?? 1;
              // The deadband may hold a step back, and the best one of the pool may change: two steps at most.
              expect(Math.abs(Math.log(factor / before))).toBeLessThan(2 * Math.log(1.25) + 0.1);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
