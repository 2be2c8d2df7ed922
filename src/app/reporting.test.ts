import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSpecs } from '../core/api/read-specs.ts';
import { beginCheck, endCheck, verifyNext } from '../core/audit/verify.ts';
import { indexSpecs } from '../core/decide/spec-index.ts';
import { tripped } from '../core/notify/notice-fixture.ts';
import { Receiver } from '../notify/receiver-fixture.ts';
import { openStateStore, type StateStore } from '../state/state-store.ts';
import { reportMetrics } from './report-metrics.ts';
import { Reporting } from './reporting.ts';

const NO_CHANGES = new Map<string, unknown>();

let registry: Registry;
let receiver: Receiver;
let url: string;
let logged: string[];
let store: StateStore;
beforeEach(async () => {
  registry = new Registry();
  receiver = new Receiver();
  url = await receiver.listen();
  logged = [];
  store = openStateStore(undefined);
});
afterEach(async () => {
  await receiver.close();
  store.close();
});

function specsWith(query: string) {
  const text = `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 1}]}}]}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, webhooks: [{url: "${url}/${query}", retries: 0}]}
`;
  return indexSpecs(readSpecs([{ file: 'a', text }]).objects);
}

function open(of: StateStore = store, otlpEndpoint?: string): Reporting {
  const say = (_: object, message: string) => void logged.push(message);
  const metrics = reportMetrics(registry);
  return new Reporting({
    store: of,
    metrics,
    log: { warn: say, error: say },
    files: ['a.yaml'],
    otlpEndpoint,
  });
}

function audited(): readonly string[] {
  const { lines, head } = store.audit.page(0, 100);
  expect(endCheck(lines.reduce(verifyNext, beginCheck()), head).findings).toEqual([]);
  return lines.map((line) => (JSON.parse(line) as { action: string }).action);
}

async function metric(name: string): Promise<readonly unknown[]> {
  const found = (await registry.getMetricsAsJSON()).find((each) => each.name === name);
  const values = (found?.values ?? []).filter(({ value, labels }) => value > 0 || !('format' in labels));
  return values.map(({ labels, value }) => ({ ...labels, value }));
}

describe('a decision', () => {
  it('is counted, told, saved and audited, in one chain with the start and the edits', async () => {
    const reporting = open();
    reporting.configured(specsWith('first'), 1);
    reporting.configured(specsWith('second'), 2);
    reporting.configured(specsWith('second'), 3);
    reporting.save(NO_CHANGES, [tripped(1)], 4);
    await reporting[Symbol.asyncDispose]();
    expect(audited()).toEqual(['Started', 'SpecsInForce', 'ErrorThreshold']);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/second']);
    expect(store.decisions({ limit: 10 })).toHaveLength(1);
    expect(await metric('penstock_decisions_total')).toEqual([{ reason: 'ErrorThreshold', value: 1 }]);
    expect(await metric('penstock_notifications_total')).toEqual([
      { format: 'generic', result: 'delivered', value: 1 },
    ]);
  });

  it('that could not be saved is told at once, and told and counted once', async () => {
    let isFull = true;
    const full: StateStore = {
      ...store,
      save(...given) {
        if (isFull) throw new Error('the disk is full');
        store.save(...given);
      },
    };
    const reporting = open(full);
    reporting.configured(specsWith('x'), 1);
    expect(() => reporting.save(NO_CHANGES, [tripped(1)], 2)).toThrow('the disk is full');
    isFull = false;
    reporting.save(NO_CHANGES, [tripped(1), tripped(2)], 3);
    await reporting[Symbol.asyncDispose]();
    expect(receiver.received).toHaveLength(1);
    expect(await metric('penstock_decisions_total')).toEqual([{ reason: 'ErrorThreshold', value: 2 }]);
    expect(await metric('penstock_save_failures_total')).toEqual([{ value: 1 }]);
    expect(audited()).toEqual(['Started', 'ErrorThreshold', 'ErrorThreshold']);
  });
});

it('who cannot be told is counted and logged, without the address', async () => {
  receiver.reply = () => ({ status: 500 });
  const reporting = open();
  reporting.configured(specsWith('token'), 1);
  reporting.save(NO_CHANGES, [tripped(1)], 2);
  await reporting[Symbol.asyncDispose]();
  expect(logged).toEqual(['events could not be told: 500']);
  expect(await metric('penstock_notifications_total')).toEqual([
    { format: 'generic', result: 'failed', value: 1 },
  ]);
});

describe('traces', () => {
  const routes = [{ type: 'RDS', name: 'default/fraud', version: 'ab' }];
  const spans = () =>
    receiver.received.flatMap(({ path, body }) => {
      expect(path).toBe('/v1/traces');
      const { resourceSpans } = JSON.parse(body) as {
        resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
      };
      return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((each) => each.spans));
    });

  it('have the decision, and the push under it until the last sidecar acknowledged', async () => {
    const reporting = open(store, url);
    const record = { ...tripped(1), resources: routes };
    reporting.save(NO_CHANGES, [record], record.at);
    reporting.acknowledge(1, { by: 1, of: 2, lastAt: record.at + 3, laggards: ['b'] });
    reporting.acknowledge(1, { by: 2, of: 2, lastAt: record.at + 7, laggards: [] });
    await reporting[Symbol.asyncDispose]();
    const [decision, push, ...others] = spans();
    expect(others).toEqual([]);
    expect(decision).toMatchObject({ name: 'decide ErrorThreshold', parentSpanId: '', status: { code: 0 } });
    expect(push).toMatchObject({
      name: 'push',
      traceId: decision?.traceId,
      parentSpanId: decision?.spanId,
      startTimeUnixNano: `${record.at}000000`,
      endTimeUnixNano: `${record.at + 7}000000`,
      status: { code: 0 },
    });
    expect(String(decision?.traceId)).toMatch(/^[0-9a-f]{32}$/);
    expect(String(push?.spanId)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('name the sidecars that were given up', async () => {
    const reporting = open(store, url);
    const record = { ...tripped(1), resources: routes };
    reporting.save(NO_CHANGES, [record], record.at);
    reporting.acknowledge(1, { by: 1, of: 2, lastAt: record.at + 3, laggards: ['b'] });
    reporting.save(NO_CHANGES, [], record.at + 60_000);
    await reporting[Symbol.asyncDispose]();
    expect(spans()[1]).toMatchObject({ status: { code: 2, message: 'not acknowledged: b' } });
  });

  it('are lost where no collector takes them, and nothing else is', async () => {
    receiver.reply = () => ({ status: 404 });
    const reporting = open(store, url);
    reporting.save(NO_CHANGES, [tripped(1)], 1);
    await reporting[Symbol.asyncDispose]();
    expect(logged).toEqual([`1 spans are lost: ${url}/v1/traces answers 404`]);
    expect(store.decisions({ limit: 10 })).toHaveLength(1);
  });
});
