import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathOf } from '../../src/core/api/crd.ts';
import { kindNames } from '../../src/core/api/kinds.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { ApiServer } from './api-server.ts';

const CRDS = join(import.meta.dirname, '../../manifests/crds');
const EXAMPLES = join(import.meta.dirname, '../../docs/examples');

let server: ApiServer;
beforeAll(async () => {
  server = await ApiServer.start();
  for (const file of readdirSync(CRDS)) await server.apply(readFileSync(join(CRDS, file), 'utf8'));
  await waitUntil('the kinds are served', async () => {
    const { stdout } = await server.kubectl([
      'get',
      'crds',
      '-o',
      'jsonpath={.items[*].status.conditions[?(@.type=="Established")].status}',
    ]);
    return stdout === 'True True True True';
  });
});
afterAll(() => server.stop());

/** An object that kubectl applies, with parts replaced. */
function service(spec: object = {}): object {
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelService',
    metadata: { name: 'sample' },
    spec: {
      port: 9000,
      versions: [{ name: 'v1', endpoints: { static: [{ address: '127.0.0.1', port: 9101 }] } }],
      ...spec,
    },
  };
}

function rollout(metric: object, spec: object = {}): object {
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelRollout',
    metadata: { name: 'sample' },
    spec: {
      targetRef: { name: 'sample' },
      stable: 'v1',
      candidate: 'v2',
      strategy: { steps: [{ setWeight: 100 }] },
      analysis: { metrics: [{ name: 'gate', ...metric }] },
      ...spec,
    },
  };
}

async function refusalOf(object: object): Promise<string> {
  const { code, stderr } = await server.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(object) });
  expect(code).toBe(1);
  return stderr;
}

describe('a real API server', () => {
  it.each(readdirSync(EXAMPLES).filter((file) => file.endsWith('.yaml')))(
    'takes docs/examples/%s',
    async (file) => {
      await server.apply(readFileSync(join(EXAMPLES, file), 'utf8'));
    },
  );

  it('has nothing against the definitions', async () => {
    const { stdout } = await server.kubectl(['get', 'crds', '-o', 'json']);
    const { items } = JSON.parse(stdout);
    for (const { status } of items)
      expect(
        status.conditions.find(({ type }: { type: string }) => type === 'NonStructuralSchema'),
      ).toBeUndefined();
  });

  it('leaves an object as it was written: defaults are told and not filled in', async () => {
    await server.apply(JSON.stringify(service()));
    const { stdout } = await server.kubectl(['get', 'msvc', 'sample', '-o', 'jsonpath={.spec}']);
    expect(JSON.parse(stdout)).toEqual((service() as { spec: object }).spec);
  });

  it.each([
    ['an unknown field', service({ prot: 1 }), 'unknown field "spec.prot"'],
    [
      'a port that is none',
      service({ port: 70_000 }),
      'spec.port in body should be less than or equal to 65535',
    ],
    ['no version', service({ versions: [] }), 'spec.versions in body should have at least 1 items'],
    [
      'two versions of one name',
      service({ versions: ['v1', 'v1'].map((name) => ({ name, endpoints: { consul: { service: name } } })) }),
      'spec.versions[1]: Duplicate value',
    ],
    [
      'a default version that is none',
      service({ defaultVersion: 'v9' }),
      'defaultVersion is none of versions',
    ],
    [
      'a version without endpoints',
      service({ versions: [{ name: 'v1', endpoints: {} }] }),
      'spec.versions[0].endpoints',
    ],
    [
      'a duration without a unit',
      service({ timeouts: { connect: '30' } }),
      'spec.timeouts.connect in body should match',
    ],
    [
      'a candidate that is stable as well',
      rollout({ type: 'ErrorRate' }, { candidate: 'v1' }),
      'candidate is stable as well; the version that is to take over',
    ],
    [
      'a gate of no known type',
      rollout({ type: 'Errors' }),
      'supported values: "ErrorRate", "Latency", "ScoreShift", "Query"',
    ],
    [
      'a gate with a field of another type',
      rollout({ type: 'ErrorRate', query: 'up' }),
      'ErrorRate takes none of',
    ],
    [
      'a query gate without a query',
      rollout({ type: 'Query', maxRatio: 2 }),
      'Query needs exactly one of query, template',
    ],
  ])('refuses %s, and says what is wrong', async (_, object, words) => {
    expect(await refusalOf(object)).toContain(words);
  });

  it.each(kindNames)('serves %s where the control plane looks for it', async (kind) => {
    const { stdout } = await server.kubectl(['get', '--raw', pathOf(kind, 'default')]);
    expect(JSON.parse(stdout).kind).toBe(`${kind}List`);
  });

  it('explains the fields', async () => {
    const { stdout } = await server.kubectl(['explain', 'modelrollout.spec.analysis.warmUp']);
    expect(stdout).toContain('warmUp <string>');
    expect(stdout).toContain('Default "');
  });

  it('lists all kinds by their category and each by its short name', async () => {
    const { stdout } = await server.kubectl(['get', 'penstock', '-o', 'name']);
    for (const kind of ['modelservice', 'modelrollout', 'trafficpolicy'])
      expect(stdout).toContain(`${kind}.penstock.dev/`);
    const { stdout: table } = await server.kubectl(['get', 'mro']);
    expect(table).toMatch(/^NAME +SERVICE +CANDIDATE +PHASE +STEP +WEIGHT +WHY +AGE/);
  });
});
