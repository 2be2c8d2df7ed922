import { describe, expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import type { InboundSidecar, LimitLoad } from '../observation/inbound.ts';
import { servedVersion } from './decide-fixture.ts';
import { decideLimits } from './decide-limits.ts';
import type { LimitsDecision } from './limits-decision.ts';
import { NEW_SERVICE_STATE, type ServiceLook } from './service-look.ts';
import { indexSpecs } from './spec-index.ts';

const START = 1_700_000_000_000;

interface Second {
  /** Requests a second that are offered to each inbound sidecar. */
  readonly offered: readonly number[];
  readonly served?: readonly number[];
  readonly acknowledged?: boolean;
  readonly queue?: number;
  /** Of the offered ones, those that end without an answer. */
  readonly lost?: number;
  /** What the sidecars tell of the calls that the limit matches: offered and admitted. */
  readonly matching?: readonly (readonly [offered: number, admitted: number])[];
  /** Callers have no sidecars: of what is offered it is known what the shares let through. */
  readonly unseen?: boolean;
  readonly frozen?: boolean;
  readonly interlocked?: boolean;
}

const loadOf = ([offeredPerSecond, admittedPerSecond]: readonly [number, number] = [0, 0]): LimitLoad => ({
  offeredPerSecond,
  admittedPerSecond,
});

/** A look a second at a service with these limits. */
function run(limits: string, seconds: readonly Second[]): readonly LimitsDecision[] {
  const text = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}]}}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, rateLimits: [${limits}]}
`;
  const index = indexSpecs(readSpecs([{ file: 'specs.yaml', text }]).objects);
  const service = index.services.get('default/fraud');
  if (service === undefined) throw new Error('no service');
  const decisions: LimitsDecision[] = [];
  for (const [second, given] of seconds.entries()) {
    const nowMs = START + second * 1000;
    const shareOf = (id: string) => decisions.at(-1)?.shares.get('all')?.[id] ?? 0;
    const endpoints = given.offered.map((requests, i) => ({
      address: `10.0.0.${i}:1`,
      requests: given.unseen ? 0 : requests - (given.lost ?? 0),
      failures: 0,
      abandoned: given.lost ?? 0,
      ...(given.queue === undefined ? {} : { queue: given.queue }),
    }));
    const inbound = given.offered.map(
      (requests, i): InboundSidecar => ({
        id: `s${i}`,
        address: `10.0.0.${i}:1`,
        servedPerSecond: given.served?.[i] ?? Math.min(requests, given.unseen ? shareOf(`s${i}`) : requests),
        acknowledged: given.acknowledged ?? true,
        ...(given.matching === undefined ? {} : { limits: { all: loadOf(given.matching[i]) } }),
      }),
    );
    const look: ServiceLook = {
      service,
      rollout: undefined,
      policy: index.policies.get('default/fraud'),
      observation: {
        service: 'default/fraud',
        at: nowMs,
        versions: new Map([['v1', servedVersion(endpoints, nowMs)]]),
        queries: new Map(),
      },
      rolloutObservation: undefined,
      endpoints: new Map(),
      inbound,
      acknowledged: { revision: 0, connected: 1, laggards: [] },
      commands: [],
      answers: new Map(),
      frozen: given.frozen ?? false,
      state: { ...NEW_SERVICE_STATE, limits: decisions.at(-1)?.state ?? NEW_SERVICE_STATE.limits },
      nowMs,
    };
    decisions.push(decideLimits(look, given.interlocked ?? false));
  }
  return decisions;
}

const times = (count: number, second: Second): readonly Second[] =>
  Array.from({ length: count }, () => second);
const sharesOf = (decision: LimitsDecision | undefined) => Object.values(decision?.shares.get('all') ?? {});
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe('a global limit', () => {
  const GLOBAL = '{name: all, global: true, requestsPerSecond: 100}';

  it('is shared alike while nothing is known of the demand', () => {
    expect(sharesOf(run(GLOBAL, [{ offered: [0, 0] }])[0])).toEqual([50, 50]);
  });
  it('follows the demand, a fifth of it shared alike', () => {
    const [busy, idle] = sharesOf(run(GLOBAL, times(60, { offered: [900, 100] })).at(-1));
    expect(busy).toBeCloseTo(82, 0);
    expect(idle).toBeCloseTo(18, 0);
  });
  it('is never given out twice: an increase waits until the decrease is acknowledged', () => {
    const decisions = run(GLOBAL, [
      ...times(5, { offered: [500, 500] }),
      ...times(30, { offered: [900, 100], acknowledged: false }),
    ]);
    expect(Math.max(...decisions.map((each) => sum(sharesOf(each))))).toBeLessThanOrEqual(100);
    expect(sharesOf(decisions.at(-1))[0]).toBe(50);
    expect(decisions.at(-1)?.waiting).toBe(true);
  });
  it('is used though callers without sidecars tell nothing of what is refused', () => {
    const offered = [4.5, 6.3, 8.7, 12, 17, 23, 33, 45];
    const used = run(GLOBAL, times(120, { offered, unseen: true }))
      .slice(-60)
      .map((each) => sum(sharesOf(each).map((share, i) => Math.min(share, offered[i] ?? 0))));
    expect(sum(used) / used.length).toBeGreaterThan(96);
    expect(Math.max(...used)).toBeLessThanOrEqual(100);
  });
  it('under the kill switch keeps its shares', () => {
    const decisions = run(GLOBAL, [
      ...times(5, { offered: [500, 500] }),
      ...times(30, { offered: [900, 100], frozen: true }),
    ]);
    expect(sharesOf(decisions.at(-1))).toEqual([50, 50]);
  });
});

describe('a limit that matches some calls', () => {
  const match = 'match: [{path: /batch}]';
  const GLOBAL = `{name: all, global: true, requestsPerSecond: 100, ${match}}`;
  const ADAPTIVE = `{name: all, ${match}, adaptive: {signal: Queue, target: 5, minRequestsPerSecond: 1}}`;
  const busyWithOthers: Second = {
    offered: [900, 100],
    matching: [
      [10, 10],
      [90, 80],
    ],
  };

  it('is divided by those', () => {
    const [few, many] = sharesOf(run(GLOBAL, times(60, busyWithOthers)).at(-1));
    expect(few).toBeCloseTo(18, 0);
    expect(many).toBeCloseTo(82, 0);
  });
  it('is divided by all calls where no sidecar tells', () => {
    const [busy] = sharesOf(run(GLOBAL, times(60, { offered: [900, 100] })).at(-1));
    expect(busy).toBeCloseTo(82, 0);
  });
  it('keeps its shares while no sidecar tells any more', () => {
    const told = times(60, busyWithOthers);
    const before = sharesOf(run(GLOBAL, told).at(-1));
    expect(sharesOf(run(GLOBAL, [...told, ...times(30, { offered: [900, 100] })]).at(-1))).toEqual(before);
  });
  it('is adapted by what is served of those', () => {
    const overloaded: Second = { offered: [300], served: [50], queue: 40, matching: [[250, 20]] };
    const rate = run(ADAPTIVE, times(10, overloaded)).at(-1)?.rates.get('all');
    expect(rate).toBeGreaterThan(13);
    expect(rate).toBeLessThan(20);
  });
});

describe('an adaptive limit', () => {
  const ADAPTIVE = '{name: all, adaptive: {signal: Queue, target: 5, minRequestsPerSecond: 1}}';
  const overloaded: Second = { offered: [300], served: [50], queue: 40 };

  it('comes down to what is served, less what works the queue off', () => {
    const rate = run(ADAPTIVE, times(10, overloaded)).at(-1)?.rates.get('all');
    expect(rate).toBeGreaterThan(35);
    expect(rate).toBeLessThan(50);
  });
  it.each([
    ['under the kill switch', { frozen: true }],
    ['while another policy acts', { interlocked: true }],
  ])('is left alone %s', (_, given) => {
    const settled = times(10, overloaded);
    const before = run(ADAPTIVE, settled).at(-1)?.rates.get('all');
    const after = run(ADAPTIVE, [...settled, ...times(10, { ...overloaded, queue: 400, ...given })]);
    expect(after.at(-1)?.rates.get('all')).toBe(before);
  });
  it('limits nobody until the queue is above its target', () => {
    expect(run(ADAPTIVE, times(60, { offered: [50], served: [50], queue: 1 })).at(-1)?.rates.size).toBe(0);
  });
  it('lets in half of what was served when hardly any call is answered, and comes back soon', () => {
    const lost: Second = { offered: [300], served: [0], lost: 300 };
    const collapsed = [...times(10, { ...overloaded, queue: 8 }), ...times(5, lost)];
    expect(run(ADAPTIVE, collapsed).at(-1)?.rates.get('all')).toBeCloseTo(25, 0);
    const well: Second = { offered: [300], served: [45], queue: 1 };
    const back = run(ADAPTIVE, [...collapsed, ...times(6, well)])
      .at(-1)
      ?.rates.get('all');
    expect(back).toBeGreaterThan(35);
  });
  it('does not take callers who press stop for a collapse', () => {
    const stopped: Second = { offered: [50], served: [50], lost: 30, queue: 1 };
    expect(run(ADAPTIVE, times(20, stopped)).at(-1)?.rates.size).toBe(0);
  });
  it('does not count instances without traffic as ones that could do no more', () => {
    const [two] = run(ADAPTIVE, times(1, { offered: [300, 1], served: [50, 1], queue: 40 })).slice(-1);
    const [one] = run(ADAPTIVE, times(1, overloaded)).slice(-1);
    expect(two?.rates.get('all')).toBe(one?.rates.get('all'));
  });
  it('tells when it begins to act', () => {
    const reasons = run(ADAPTIVE, times(10, overloaded)).flatMap(({ events }) =>
      events.map(({ reason }) => reason),
    );
    expect(reasons).toEqual(['LimitLowered']);
  });
  it('that is global too is divided by demand', () => {
    const both = ADAPTIVE.replace('{name: all,', '{name: all, global: true,');
    const last = run(both, times(30, { offered: [300, 300], served: [50, 50], queue: 40 })).at(-1);
    expect(sum(sharesOf(last))).toBeCloseTo(2 * (last?.rates.get('all') ?? 0), 0);
  });
});
