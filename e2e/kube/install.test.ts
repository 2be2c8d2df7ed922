import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainManifests, RELEASE } from '../../tools/kubernetes/chart.ts';
import { ApiServer } from './api-server.ts';
import { chartObjects } from './installation.ts';

const MANIFESTS = join(import.meta.dirname, '../../manifests');

let server: ApiServer;
beforeAll(async () => {
  server = await ApiServer.start();
});
afterAll(() => server.stop());

describe('the plain manifests', () => {
  it('are what the chart is rendered to', () => {
    expect(readFileSync(join(MANIFESTS, 'install.yaml'), 'utf8')).toBe(plainManifests());
  });

  it('are taken by an API server as they are, and twice', async () => {
    const args = ['apply', '--server-side', '-f', join(MANIFESTS, 'install.yaml')];
    const first = await server.kubectl(args);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('deployment.apps/penstock serverside-applied');
    expect(await server.kubectl(args)).toMatchObject({ code: 0, stderr: '' });
  });

  it('have pods that Pod Security "restricted" lets through, where they are installed', async () => {
    const deployment = chartObjects().find(({ kind }) => kind === 'Deployment');
    const { template } = (deployment?.spec ?? {}) as { template: { metadata: object; spec: object } };
    const metadata = { ...template.metadata, name: 'sample', namespace: RELEASE.namespace };
    // The API server makes this class by itself, and takes it in its own namespace only.
    const spec = { ...template.spec, priorityClassName: undefined };
    expect(await server.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }))).toContain(
      'pod/sample created',
    );
  });

  it('have examples of autoscalers that are taken', async () => {
    const file = join(MANIFESTS, 'examples/autoscaling.yaml');
    expect(await server.kubectl(['apply', '-f', file])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('the chart', () => {
  it.each([
    ['cert-manager', { 'extension.certificates': 'cert-manager' }, ['Certificate', 'Issuer']],
    [
      'an issuer of ours',
      { 'extension.certificates': 'cert-manager', 'extension.issuerRef.name': 'x' },
      ['Certificate'],
    ],
    ['Prometheus by its operator', { 'serviceMonitor.enabled': 'true' }, ['PodMonitor', 'ServiceMonitor']],
  ])('knows %s', (_, values, kinds) => {
    const usual = new Set(chartObjects().map(({ kind }) => kind));
    const more = chartObjects(values).filter(({ kind }) => !usual.has(kind));
    expect(more.map(({ kind }) => kind).sort()).toEqual(kinds);
  });

  it.each([
    ['injection.enabled', 'MutatingWebhookConfiguration'],
    ['validation.enabled', 'ValidatingWebhookConfiguration'],
    ['externalMetrics.enabled', 'APIService'],
    ['networkPolicy.enabled', 'NetworkPolicy'],
    ['podDisruptionBudget.enabled', 'PodDisruptionBudget'],
  ])('without %s has no %s', (key, kind) => {
    expect(chartObjects().some((each) => each.kind === kind)).toBe(true);
    expect(chartObjects({ [key]: 'false' }).some((each) => each.kind === kind)).toBe(false);
  });

  it('has the replicas tell each other what they see', () => {
    const [deployment] = chartObjects({ replicas: '2' }).filter(({ kind }) => kind === 'Deployment');
    expect(JSON.stringify(deployment)).toContain('"--peer-address","0.0.0.0:18090"');
    expect(JSON.stringify(deployment)).toContain('{"name":"PENSTOCK_ADVERTISE","value":"$(POD_IP):18090"}');
  });
});
