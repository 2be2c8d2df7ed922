import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { RELEASE } from '../../tools/kubernetes/chart.ts';
import { Serve } from '../penstock-process.ts';
import type { ApiServer } from './api-server.ts';
import { modelRollout, modelService, startCluster, untilField, yaml } from './cluster.ts';
import { chartObjects, leadServiceHere, type Manifest } from './installation.ts';
import { installIstioKinds } from './istio-kinds.ts';

const ACCOUNT = `system:serviceaccount:${RELEASE.namespace}:${RELEASE.name}`;
const folder = mkdtempSync(join(tmpdir(), 'penstock-rbac-'));
const auditLog = join(folder, 'audit.log');
let server: ApiServer;
let objects: readonly Manifest[];
let token: string;
const replicas: Serve[] = [];

/** A right, as small as it can be given. */
interface Right {
  readonly verb: string;
  readonly group: string;
  /** `pods`, `modelrollouts/status`. */
  readonly resource: string;
  readonly name: string;
  /** Empty for what has none, or for all of them. */
  readonly namespace: string;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What a role of ours gives, right by right. */
function rightsOf(role: Manifest): readonly Right[] {
  const rules = role.rules as readonly Rule[];
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [''] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => ({
            verb,
            group,
            resource,
            name,
            namespace: role.metadata.namespace ?? '',
          })),
        ),
      ),
    ),
  );
}

/** What our account asked for, by the API server's own audit, and how that ended. */
function asked(): readonly (Right & { readonly code: number })[] {
  return (
    readFileSync(auditLog, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .filter(({ user, objectRef }) => user.username === ACCOUNT && objectRef !== undefined)
      .map(({ verb, objectRef, responseStatus }) => ({
        verb,
        group: objectRef.apiGroup ?? '',
        resource:
          objectRef.subresource === undefined
            ? objectRef.resource
            : `${objectRef.resource}/${objectRef.subresource}`,
        name: objectRef.name ?? '',
        namespace: objectRef.namespace ?? '',
        code: responseStatus?.code ?? 0,
      }))
      // What server-side apply makes anew the API server asks two rights for, and audits once.
      .flatMap((each) =>
        each.verb === 'patch' && each.code === 201 ? [each, { ...each, verb: 'create' }] : [each],
      )
  );
}

function isGivenBy(request: Right, right: Right): boolean {
  return (
    (['verb', 'group', 'resource'] as const).every((key) => request[key] === right[key]) &&
    (right.name === '' || right.name === request.name) &&
    (right.namespace === '' || right.namespace === request.namespace)
  );
}

function describeRight({ verb, group, resource, name, namespace }: Right): string {
  return [verb, group === '' ? resource : `${resource}.${group}`, name, namespace && `in ${namespace}`]
    .filter((each) => each !== '')
    .join(' ');
}

/** A replica that has the rights of the installed account and no others. */
async function startReplica(...args: readonly string[]): Promise<Serve> {
  const kubeconfig = join(folder, 'account.kubeconfig');
  const replica = await Serve.start([
    ...['--kubernetes', '--kubeconfig', kubeconfig, '--own-namespace', RELEASE.namespace],
    ...['--extension-refresh', '300ms', '--extension-authority-validity', '15s', ...args],
  ]);
  replicas.push(replica);
  return replica;
}

async function writeAccess(): Promise<void> {
  const { stdout } = await server.kubectl([
    ...['create', 'token', RELEASE.name, '-n', RELEASE.namespace, '--duration', '1h'],
  ]);
  token = stdout.trim();
  writeFileSync(join(folder, 'token'), token);
  const cluster = { server: server.url, 'certificate-authority': server.authority.caFile };
  writeFileSync(
    join(folder, 'account.kubeconfig'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'e2e', cluster }],
      users: [{ name: 'penstock', user: { token } }],
      contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'penstock' } }],
      'current-context': 'e2e',
    }),
  );
  const kubernetes = {
    ...{ server: server.url, caFile: server.authority.caFile, tokenFile: join(folder, 'token') },
    roles: { admin: [ACCOUNT] },
  };
  writeFileSync(join(folder, 'auth.yaml'), JSON.stringify({ kubernetes }));
}

beforeAll(async () => {
  const policy = join(folder, 'audit.yaml');
  writeFileSync(
    policy,
    JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata' }],
    }),
  );
  server = await startCluster([
    '--audit-policy-file',
    policy,
    '--audit-log-path',
    auditLog,
    '--audit-log-mode',
    'blocking',
  ]);
  await server.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ${RELEASE.namespace}}}`);
  objects = chartObjects({ 'istio.anchors': 'apply' });
  await installIstioKinds(server);
  const [port = 0] = await freePorts(1);
  for (const object of objects) {
    if (object.kind === 'Service') await leadServiceHere(server, object, port);
    else await server.apply(JSON.stringify(object));
  }
  await writeAccess();
  await useEverything(port);
});

afterAll(async () => {
  await Promise.all(replicas.map((each) => each.stop()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** All that a control plane does in its life: begin, decide, be asked, hand over. */
async function useEverything(port: number): Promise<void> {
  const policy = {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'TrafficPolicy',
    metadata: { name: 'fraud' },
    spec: { targetRef: { name: 'fraud' }, breaker: {} },
  };
  const template = {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'MetricTemplate',
    metadata: { name: 'conversion' },
    spec: { query: 'sum(rate(orders_total{version="{{version}}"}[5m]))' },
  };
  const pods = { kubernetes: { selector: { app: 'search' } } };
  const search = modelService('search', { versions: [{ name: 'v1', endpoints: pods }] });
  await server.apply(
    yaml(modelService('fraud'), modelRollout('fraud-v2', 'fraud'), policy, template, search),
  );
  await scaleOne();
  const leader = await startReplica('--extension-address', `0.0.0.0:${port}`, '--istio', 'apply');
  await untilField(server, 'mro/fraud-v2', '.status.weight', '5%');
  const follower = await startReplica('--admin-auth', join(folder, 'auth.yaml'));
  await waitUntil('the follower knows who leads', async () => {
    const response = await fetch(`${follower.adminUrl}/api/v1/status`, bearer());
    const { replica } = (await response.json()) as { replica?: { leader?: string } };
    return (replica?.leader ?? '') !== '';
  });
  for (const path of ['rollouts/default/fraud-v2:promote', 'freeze']) {
    const body = JSON.stringify(path === 'freeze' ? { on: true } : {});
    const answer = await fetch(`${follower.adminUrl}/api/v1/${path}`, { method: 'POST', body, ...bearer() });
    expect(await answer.text()).not.toContain('forbidden');
  }
  await untilField(server, 'deployment/scaled-v2', '.spec.replicas', '1');
  // What happens a second time is the same Event, counted.
  for (const command of ['pause', 'resume', 'pause', 'resume']) {
    await server.kubectl(['annotate', 'mro', 'fraud-v2', `penstock.dev/ask=${command}`]);
    await untilField(server, 'mro/fraud-v2', '.metadata.annotations.penstock\\.dev/ask', '');
  }
  await waitUntil('an Event was counted', () =>
    asked().some(({ verb, resource }) => verb === 'patch' && resource === 'events'),
  );
  await waitUntil('the authority was rotated', () =>
    asked().some(({ verb, resource, code }) => verb === 'update' && resource === 'secrets' && code === 200),
  );
  await untilField(server, 'msvc/search', '.status.conditions[?(@.type=="Anchored")].status', 'True');
  await server.kubectl(['delete', 'msvc,mro,tpol', '--all']);
  await waitUntil('the anchors are removed', () =>
    ['envoyfilters', 'destinationrules', 'configmaps'].every((kind) =>
      asked().some(({ verb, resource, code }) => verb === 'delete' && resource === kind && code === 200),
    ),
  );
  await follower.stop();
  await leader.stop();
  replicas.length = 0;
}

/** A rollout whose candidate waits for replicas. */
async function scaleOne(): Promise<void> {
  const versions = ['v1', 'v2'].map((version) => ({
    name: version,
    endpoints: { kubernetes: { selector: { app: 'scaled', version } } },
    scaleTargetRef: { name: `scaled-${version}` },
  }));
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'scaled-v2' },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'scaled' } },
      template: {
        metadata: { labels: { app: 'scaled' } },
        spec: { containers: [{ name: 'model', image: 'model' }] },
      },
    },
  };
  await server.apply(
    yaml(modelService('scaled', { versions }), modelRollout('scaled-v2', 'scaled'), deployment),
  );
}

function bearer() {
  return { headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } };
}

describe('the rights of the installed account', () => {
  it('are enough: nothing that it asks for is forbidden', () => {
    const forbidden = asked().filter(({ code }) => code === 403);
    expect([...new Set(forbidden.map(describeRight))]).toEqual([]);
  });

  it('are no more than needed: each of them is used', () => {
    const roles = objects.filter(
      ({ kind, metadata }) => ['Role', 'ClusterRole'].includes(kind) && metadata.name === RELEASE.name,
    );
    const used = asked();
    const unused = roles.flatMap(rightsOf).filter((right) => !used.some((each) => isGivenBy(each, right)));
    expect(unused.map(describeRight)).toEqual([]);
  });

  it('are missed, each rule of them, when they are taken away', async () => {
    const used = asked();
    for (const role of objects.filter(
      ({ kind, metadata }) => /Role$/.test(kind) && metadata.name === RELEASE.name,
    )) {
      const rules = role.rules as readonly Rule[];
      for (const [index, rule] of rules.entries()) {
        const [right] = rightsOf({ ...role, rules: [rule] });
        const request = right && used.find((each) => isGivenBy(each, right));
        if (request === undefined)
          throw new Error(`nothing uses rule ${index} of ${role.kind} ${role.metadata.name}`);
        await server.apply(JSON.stringify({ ...role, rules: rules.toSpliced(index, 1) }));
        expect(`${describeRight(request)}: ${await may(request)}`).toBe(`${describeRight(request)}: no`);
      }
      await server.apply(JSON.stringify(role));
    }
  });
});

/** What the API server's own authoriser says. */
async function may({ verb, group, resource, name, namespace }: Right): Promise<string> {
  const [plain = '', subresource] = resource.split('/');
  const target = `${group === '' ? plain : `${plain}.${group}`}${name === '' ? '' : `/${name}`}`;
  const { stdout } = await server.kubectl([
    ...['auth', 'can-i', verb, target, '--as', ACCOUNT],
    ...(subresource === undefined ? [] : ['--subresource', subresource]),
    ...(namespace === '' ? [] : ['--namespace', namespace]),
  ]);
  return stdout.trim();
}
