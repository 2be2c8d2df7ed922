import { describe, expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import { servedVersion } from './decide-fixture.ts';
import { decideService } from './decide-service.ts';
import { NEW_SERVICE_STATE, type ServiceLook, type ServiceOutcome } from './service-look.ts';
import { indexSpecs } from './spec-index.ts';

const START = 1_700_000_000_000;

const SPECS = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}, {address: 10.0.0.2, port: 1}]}}
  - {name: v2, endpoints: {static: [{address: 10.0.0.3, port: 1}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  breaker: {errorThresholdPercent: 40}
  balancing: {}
`;

const ROLLOUT = `
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 50}, {pause: {}}]}
  analysis: {interval: 1s, warmUp: 0s, metrics: []}
`;

const TIERS = SPECS.replace('{address: 10.0.0.2, port: 1}', '{address: 10.0.0.2, port: 1, priority: 1}');

interface Second {
  /** Requests that wait in each endpoint. */
  readonly queue?: number;
  /** Share of failures by endpoint. */
  readonly failing: Readonly<Record<string, number>>;
  readonly frozen?: boolean;
}

/** Looks once a second at 50 requests/s an endpoint. */
function run(specs: string, seconds: readonly Second[]): readonly ServiceOutcome[] {
  const index = indexSpecs(readSpecs([{ file: 'specs.yaml', text: specs }]).objects);
  const service = index.services.get('default/fraud');
  if (service === undefined) throw new Error('no service');
  const outcomes: ServiceOutcome[] = [];
  for (const [second, { failing, queue, frozen = false }] of seconds.entries()) {
    const nowMs = START + second * 1000;
    const versions = new Map(
      service.spec.versions.map((version) => [
        version.name,
        servedVersion(
          (version.endpoints.static ?? []).map(({ address, port }) => ({
            address: `${address}:${port}`,
            requests: 50,
            failures: Math.round(50 * (failing[address] ?? 0)),
            ...(queue === undefined ? {} : { queue }),
          })),
          nowMs,
        ),
      ]),
    );
    const observation = { service: 'default/fraud', at: nowMs, versions, queries: new Map() };
    const before = outcomes.at(-1);
    const look: ServiceLook = {
      service,
      rollout: index.rollouts.get('default/fraud'),
      policy: index.policies.get('default/fraud'),
      observation,
      rolloutObservation: observation,
      endpoints: new Map([['v1', ['10.0.0.1:1', '10.0.0.2:1']]]),
      firstTiers: specs.includes('priority: 1') ? new Map([['v1', ['10.0.0.1:1']]]) : new Map(),
      inbound: [],
      acknowledged: { revision: before?.rollout?.revision ?? 0, connected: 1, laggards: [] },
      commands: [],
      answers: new Map(),
      frozen,
      state: before?.state ?? NEW_SERVICE_STATE,
      nowMs,
    };
    outcomes.push(decideService(look));
  }
  return outcomes;
}

const seconds = (count: number, second: Second): readonly Second[] =>
  Array.from({ length: count }, () => second);
const WELL: Second = { failing: {} };
const reasonsOf = (outcomes: readonly ServiceOutcome[]) =>
  outcomes.flatMap(({ events }) => events.map(({ subject, reason }) => `${subject} ${reason}`));

describe('a candidate that fails by half of its requests', () => {
  const failing = { failing: { '10.0.0.3': 0.9 } };
  const outcomes = run(SPECS + ROLLOUT, [...seconds(5, WELL), ...seconds(5, failing)]);

  it('is rolled back by its own breaker, though no gate is configured', () => {
    expect(outcomes.at(-1)?.state.rollout?.state.phase).toMatch(/RollingBack|RolledBack/);
    expect(reasonsOf(outcomes)).toContain('Rollout/default/fraud-v2 BreakerOpened');
  });
  it("does not open the service's breaker, which would refuse stable's callers too", () => {
    expect(outcomes.every(({ decisions }) => decisions.admitted === 10_000)).toBe(true);
  });
  it('stays under the kill switch', () => {
    const frozen = run(SPECS + ROLLOUT, [...seconds(5, WELL), ...seconds(5, { ...failing, frozen: true })]);
    expect(frozen.at(-1)?.state.rollout?.state.phase).not.toMatch(/RollingBack|RolledBack/);
  });
});

describe('a breaker', () => {
  it('opens at once when all endpoints fail', () => {
    const all = { failing: { '10.0.0.1': 1, '10.0.0.2': 1, '10.0.0.3': 1 } };
    expect(run(SPECS, [...seconds(5, WELL), all]).at(-1)?.breaker?.state.phase).toBe('OPEN');
  });
  it('waits for the weights while one endpoint of two fails, and no longer than the dead time', () => {
    const one = { failing: { '10.0.0.1': 1 } };
    const specs = SPECS.replace(/ {2}- \{name: v2.*\n/, '');
    const outcomes = run(specs, [...seconds(5, WELL), ...seconds(20, one)]);
    const opened = outcomes.findIndex(({ breaker }) => breaker?.state.phase === 'OPEN');
    expect(opened).toBeGreaterThanOrEqual(14);
    expect(opened).toBeLessThanOrEqual(17);
  });
});

describe('a first tier that is full', () => {
  const full: Second = { failing: {}, queue: 50 };
  const overflowing = TIERS.replace('balancing: {}', 'balancing: {overflow: {}}');
  const shares = (specs: string, given: readonly Second[]) =>
    run(specs, given).map(({ decisions }) => decisions.overflow.get('v1') ?? 0);

  it('overflows where that is asked for, is told once, and holds adaptive rates meanwhile', () => {
    const outcomes = run(overflowing, [...seconds(3, WELL), ...seconds(10, full)]);
    expect(outcomes.at(-1)?.decisions.overflow.get('v1')).toBeGreaterThan(0.3);
    expect(reasonsOf(outcomes).filter((each) => each.endsWith('Overflowing')).length).toBeLessThanOrEqual(3);
    expect(outcomes.at(-1)?.state.interlocks.deratedAtMs).toBeGreaterThan(0);
  });
  it.each([
    ['it is not asked for', TIERS, full],
    ['balancing is in shadow', overflowing.replace('balancing: {', 'balancing: {shadow: true, '), full],
    ['there is no second tier', overflowing.replace(', priority: 1', ''), full],
    ['the kill switch is on', overflowing, { ...full, frozen: true }],
  ])('does not while %s', (_, specs, given) => {
    expect(Math.max(...shares(specs, [...seconds(3, WELL), ...seconds(10, given)]))).toBe(0);
  });
});
