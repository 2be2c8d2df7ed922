import { describe, expect, it } from 'vitest';
import { readSpecs } from '../core/api/read-specs.ts';
import { indexSpecs } from '../core/decide/spec-index.ts';
import type { Change, Publication } from '../core/delta/resource.ts';
import type { ServiceObservation, VersionObservation } from '../core/observation/observation.ts';
import type { Answer } from '../core/policy/rollout/decision.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import { Controller } from './controller.ts';
import { MeshPublisher } from './mesh-publisher.ts';
import type { Confirmer } from './ports.ts';

const SPECS = `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: 9201}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 20}, {pause: {duration: 1h}}, {setWeight: 100}]}
  analysis: {interval: 1s, warmUp: 0s}
`;

/** The ports of a loop, in memory: what was saved outlives a controller, as a disk does. */
function surroundings() {
  const saved = new Map<string, unknown>();
  const records: DecisionRecord[] = [];
  const published: Change[] = [];
  const logged: string[] = [];
  const state = {
    blind: false,
    diskFull: false,
    asked: [] as string[],
    answers: new Map<string, Answer>(),
    news: [] as ReturnType<Confirmer['news']>[number][],
    specs: SPECS,
  };
  let sequence = 0;
  const pool = {
    publish(change: Change): Publication {
      published.push(change);
      const changed = [...(change.upsert ?? [])].map(({ typeUrl, name, version }) => ({
        typeUrl,
        name,
        version,
      }));
      return { sequence: ++sequence, changed, removed: [] };
    },
    acknowledgement: () => ({ of: 1, by: 1, lastAt: 1, laggards: [], rejected: [] }),
  };
  const encode = ({ typeUrl, name, value }: { typeUrl: never; name: string; value: Uint8Array }) => ({
    typeUrl,
    name,
    version: Buffer.from(value).toString('base64'),
    deltaFrame: value,
    sotwFrame: value,
    ttlMs: undefined,
    endpointsName: undefined,
  });
  const open = () => {
    const publisher = new MeshPublisher(pool, encode as never, (service, error) =>
      logged.push(`${service}: ${error}`),
    );
    const controller = new Controller({
      signals: {
        watch: () => {},
        servedBy: () => undefined,
        limitLoad: () => undefined,
        forecastOf: () => undefined,
        observe: (service, nowMs) => {
          if (state.blind) throw new Error('nothing can be read');
          return observed(`${service.metadata.namespace}/${service.metadata.name}`, nowMs);
        },
      },
      endpoints: { watch: () => {}, endpointsOf: () => new Map() },
      confirmer: {
        ask: (_, questions) => state.asked.push(...questions.map(({ key }) => key)),
        answers: () => state.answers,
        news: () => state.news.splice(0),
      },
      inbound: { of: () => [] },
      publisher,
      saver: {
        save(changes, added) {
          if (state.diskFull) throw new Error('disk is full');
          for (const [key, value] of changes) saved.set(key, structuredClone(value));
          records.push(...added);
        },
        acknowledge: () => {},
      },
      log: { info: () => {}, warn: (_, text) => logged.push(text), error: (_, text) => logged.push(text) },
      saved: new Map([...saved].filter(([, value]) => value !== undefined)),
      latestDecisions: records.toReversed(),
    });
    controller.configure(
      indexSpecs(readSpecs([{ file: 'fraud.yaml', text: state.specs }]).objects),
      () => {},
    );
    return { controller, publisher };
  };
  return { open, state, records, published, logged };
}

function observed(service: string, at: number): ServiceObservation {
  const version: VersionObservation = {
    requests: { kind: 'value', value: { requests: 10, failures: 0 }, at },
    latencyMs: { kind: 'missing', detail: '' },
    scores: { kind: 'missing', detail: '' },
    endpoints: [],
    sources: { requests: 'load reports', latencyMs: '', scores: '' },
  };
  return {
    service,
    at,
    versions: new Map([
      ['v1', version],
      ['v2', version],
    ]),
    queries: new Map(),
  };
}

const weightOf = (publisher: MeshPublisher, version: string) =>
  publisher.services.get('default/fraud')?.routing.weights.find((each) => each.version === version)?.weight;

describe('the loop', () => {
  it('publishes the weights that the rollout decides, and says nothing twice', () => {
    const { open, published } = surroundings();
    const { controller, publisher } = open();
    for (let t = 0; t < 5; t++) controller.look(1000 * t);
    expect(weightOf(publisher, 'v2')).toBe(2000);
    const before = published.length;
    controller.look(5000);
    expect([...(published[before]?.upsert ?? [])]).toEqual([]);
  });

  it('goes on after a restart with the same weights and the next number', () => {
    const { open, records } = surroundings();
    const first = open();
    for (let t = 0; t < 3; t++) first.controller.look(1000 * t);
    const second = open();
    second.controller.look(3000);
    expect(weightOf(second.publisher, 'v2')).toBe(2000);
    expect(records.map((each) => each.id)).toEqual(records.map((_, i) => i + 1));
  });

  it('keeps what was in force when a service cannot be looked at, also right after a restart', () => {
    const { open, state, logged } = surroundings();
    const first = open();
    for (let t = 0; t < 3; t++) first.controller.look(1000 * t);
    state.blind = true;
    const second = open();
    second.controller.look(3000);
    second.controller.look(4000);
    expect(weightOf(second.publisher, 'v2')).toBe(2000);
    expect(logged).toEqual(['a look at this service failed; its configuration stays as it is']);
  });

  it('asks at every look until it is answered, also after a restart, and acts on a yes at once', () => {
    const { open, state, records } = surroundings();
    const webhooks = '[{type: confirm-rollout, url: "http://a/"}]';
    state.specs = SPECS.replace('interval: 1s', `interval: 1h, webhooks: ${webhooks}`);
    const first = open();
    first.controller.look(1000);
    expect(state.asked).toEqual(['confirm-rollout/0.0']);
    const second = open();
    second.controller.look(2000);
    expect(state.asked).toEqual(['confirm-rollout/0.0', 'confirm-rollout/0.0']);
    second.controller.look(3000);
    expect(weightOf(second.publisher, 'v2')).toBe(0);
    state.answers.set('confirm-rollout/0.0', 'yes');
    state.news.push({ rollout: 'default/fraud-v2', receiver: 'a', answer: 'yes', message: 'a confirmed' });
    second.controller.look(4000);
    expect(weightOf(second.publisher, 'v2')).toBe(2000);
    expect(records.find(({ reason }) => reason === 'Confirmed')).toMatchObject({
      subject: 'Rollout/default/fraud-v2',
      actor: 'a',
      message: 'a confirmed',
    });
  });

  it('loses no record to a full disk, and says so once', () => {
    const { open, state, records, logged } = surroundings();
    const { controller } = open();
    state.diskFull = true;
    for (let t = 0; t < 3; t++) controller.look(1000 * t);
    expect(records).toEqual([]);
    state.diskFull = false;
    controller.look(3000);
    expect(records.map((each) => each.reason)).toContain('Step1');
    expect(logged).toHaveLength(1);
  });

  it('freezes and thaws, with a record of who asked', () => {
    const { open, records } = surroundings();
    const { controller, publisher } = open();
    controller.switchTo({ frozen: true, baseline: false }, 'anna', 0);
    for (let t = 0; t < 3; t++) controller.look(1000 * t);
    expect(weightOf(publisher, 'v2')).toBe(0);
    controller.switchTo({ frozen: false, baseline: false }, 'anna', 3000);
    for (let t = 3; t < 6; t++) controller.look(1000 * t);
    expect(weightOf(publisher, 'v2')).toBe(2000);
    expect(records.filter((each) => each.actor === 'anna').map((each) => each.reason)).toEqual([
      'FreezeOn',
      'FreezeOff',
    ]);
  });

  it('puts the static values back on baseline, and the decided ones after it', () => {
    const { open } = surroundings();
    const { controller, publisher } = open();
    for (let t = 0; t < 3; t++) controller.look(1000 * t);
    controller.switchTo({ frozen: false, baseline: true }, 'anna', 3000);
    controller.look(3000);
    expect(weightOf(publisher, 'v2')).toBe(0);
    controller.switchTo({ frozen: false, baseline: false }, 'anna', 4000);
    controller.look(4000);
    expect(weightOf(publisher, 'v2')).toBe(2000);
  });

  it('sends everybody back on abort, and refuses what makes no sense', () => {
    const { open } = surroundings();
    const { controller, publisher } = open();
    for (let t = 0; t < 3; t++) controller.look(1000 * t);
    expect(controller.ask('default/fraud', { type: 'retry' }, 'anna')).toMatch(/only a rolled-back/);
    expect(controller.ask('default/fraud', { type: 'abort' }, 'anna')).toBeUndefined();
    controller.look(3000);
    expect(weightOf(publisher, 'v2')).toBe(0);
  });
});
