import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../src/demo/free-port.ts';
import { RELEASE } from '../../tools/kubernetes/chart.ts';
import { Serve } from '../penstock-process.ts';
import type { ApiServer, KubectlEnded } from './api-server.ts';
import { modelRollout, modelService, startCluster, untilField, yaml } from './cluster.ts';
import { chartObjects, leadProxyHere } from './installation.ts';
import { kubernetesProgram } from './programs.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ACCOUNT = `system:serviceaccount:${RELEASE.namespace}:${RELEASE.name}`;

let server: ApiServer;
let serve: Serve;
/** Of somebody who may use the proxy of Penstock's Service and have tokens that look, and nothing else. */
let onlooker: string;

/** kubectl with the plugin on its path, as somebody. */
function kubectl(kubeconfig: string, ...args: readonly string[]): Promise<KubectlEnded> {
  const path = [join(server.folder, 'bin'), dirname(kubernetesProgram('kubectl')), process.env.PATH];
  const env = { ...process.env, HOME: server.folder, KUBECONFIG: kubeconfig, PATH: path.join(delimiter) };
  return new Promise((resolve) => {
    execFile('kubectl', args, { env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

const admin = (...args: readonly string[]) => kubectl(server.kubeconfig, 'penstock', ...args);

/** The programs that `make build` leaves in bin/, run from their sources. */
function installPlugin(): void {
  const bin = join(server.folder, 'bin');
  mkdirSync(bin);
  const main = join(ROOT, 'cmd/kubectl-penstock/main.ts');
  const script = `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`;
  writeFileSync(join(bin, 'kubectl-penstock'), script, { mode: 0o755 });
  copyFileSync(join(ROOT, 'tools/kubectl_complete-penstock'), join(bin, 'kubectl_complete-penstock'));
}

async function tokenOf(account: string): Promise<string> {
  const { stdout } = await server.kubectl(['create', 'token', account, '-n', RELEASE.namespace]);
  return stdout.trim();
}

/** Who may use the API, as the chart has it. */
async function writeAuth(): Promise<string> {
  writeFileSync(join(server.folder, 'token'), await tokenOf(RELEASE.name));
  const roles = Object.fromEntries(
    ['viewer', 'operator', 'admin'].map((role) => [role, [`${ACCOUNT}-${role}`]]),
  );
  const kubernetes = {
    ...{ server: server.url, caFile: server.authority.caFile, tokenFile: join(server.folder, 'token') },
    roles,
  };
  const file = join(server.folder, 'auth.yaml');
  writeFileSync(file, JSON.stringify({ kubernetes }));
  return file;
}

function onlookersRights(): string {
  const metadata = { name: 'onlooker', namespace: RELEASE.namespace };
  const api = 'rbac.authorization.k8s.io/v1';
  const rules = [
    { apiGroups: [''], resources: ['services'], verbs: ['list'] },
    { apiGroups: [''], resources: ['services/proxy'], verbs: ['get', 'create'] },
    {
      apiGroups: [''],
      resources: ['serviceaccounts/token'],
      resourceNames: [`${RELEASE.name}-viewer`],
      verbs: ['create'],
    },
  ];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name };
  const subjects = [{ kind: 'User', name: 'onlooker', apiGroup: 'rbac.authorization.k8s.io' }];
  return yaml(
    { apiVersion: api, kind: 'Role', metadata, rules },
    { apiVersion: api, kind: 'RoleBinding', metadata, roleRef, subjects },
  );
}

beforeAll(async () => {
  server = await startCluster();
  installPlugin();
  const namespace = RELEASE.namespace;
  await server.apply(`{apiVersion: v1, kind: Namespace, metadata: {name: ${namespace}}}`);
  const [port = 0] = await freePorts(1);
  for (const object of chartObjects()) {
    if (object.kind === 'Service') await leadProxyHere(server, object, { name: 'http-admin', number: port });
    if (/^(Service|ServiceAccount|(Cluster)?Role(Binding)?)$/.test(object.kind))
      await server.apply(JSON.stringify(object));
  }
  for (const role of ['viewer', 'operator'])
    await server.kubectl(['create', 'serviceaccount', `${RELEASE.name}-${role}`, '-n', namespace]);
  await server.apply(onlookersRights());
  onlooker = await server.kubeconfigFor('onlooker');
  await server.apply(yaml(modelService('fraud'), modelRollout('fraud-v2', 'fraud')));
  serve = await Serve.start(
    [
      ...['--kubernetes', '--kubeconfig', server.kubeconfig, '--own-namespace', namespace],
      ...['--admin-auth', await writeAuth()],
    ],
    { admin: `0.0.0.0:${port}` },
  );
  await untilField(server, 'mro/fraud-v2', '.status.weight', '5%', 60_000);
});
afterAll(async () => {
  await serve?.stop();
  await server?.stop();
});

describe('kubectl penstock', () => {
  it('finds the Penstock of the cluster, and shows and does what penstock does', async () => {
    const rollouts = await admin('get', 'rollouts', '-o', 'json');
    expect(rollouts).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(rollouts.stdout)).toMatchObject([{ name: 'fraud-v2', weight: 500 }]);
    expect(await admin('promote', 'fraud-v2')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'fraud-v2: promote is in force\n',
    });
    await untilField(server, 'mro/fraud-v2', '.status.weight', '25%', 60_000);
    const explained = await admin('explain', 'rollout/fraud-v2');
    expect(explained.stdout).toMatch(/^fraud-v2: \w+ at 25 %, v1 → v2\n/);
    expect(await admin('abort', 'fraud-v2', '-n', 'default')).toMatchObject({ code: 0 });
    const waited = await admin('wait', 'fraud-v2', '--timeout', '100ms', '-o', 'json');
    expect(waited).toMatchObject({ code: 4, stderr: expect.stringContaining('fraud-v2: timed out; ') });
    expect(JSON.parse(waited.stdout)).toMatchObject({ name: 'fraud-v2', candidate: 'v2' });
    const { stdout } = await admin('audit', 'export');
    const actors = stdout.split('\n').filter((line) => line.includes('"AskedPromote"'));
    expect(actors.map((line) => JSON.parse(line).actor)).toEqual([
      expect.stringContaining(`${ACCOUNT}-operator`),
    ]);
  });

  it('lets people do what the cluster lets them: who may not act is told so', async () => {
    expect(
      await kubectl(onlooker, 'penstock', 'get', 'services', '--penstock-namespace', RELEASE.namespace),
    ).toMatchObject({
      code: 0,
      stderr: '',
    });
    const aborted = await kubectl(
      ...([onlooker, 'penstock', 'retry', 'fraud-v2', '--penstock-namespace', RELEASE.namespace] as const),
    );
    expect(aborted).toMatchObject({ code: 1, stdout: '' });
    expect(aborted.stderr).toMatch(
      /^kubectl penstock: Penstock asks who you are: no token of the service account penstock-system\/penstock-operator \(.*forbidden/,
    );
    const everywhere = await kubectl(onlooker, 'penstock', 'get');
    expect(everywhere.stderr).toMatch(
      /^kubectl penstock: services is forbidden.*; name the namespace with --penstock-namespace\n$/,
    );
  });

  it.each([
    [['get', 'all'], 2, /^kubectl penstock: .*\n\(kubectl penstock get --help says what is possible\)\n$/],
    [
      ['get', '--context', 'other'],
      1,
      /^kubectl penstock: the kubeconfig has no context other; kubectl config/,
    ],
    [
      ['get', '--penstock-namespace', 'default'],
      1,
      /^kubectl penstock: no Service with the label .* in default/,
    ],
    [['promote', 'nobody'], 1, /^kubectl penstock: there is no rollout default\/nobody\n$/],
  ] as const)('%j is told in a line', async (args, code, said) => {
    const how = await admin(...args);
    expect(how).toMatchObject({ code, stdout: '' });
    expect(how.stderr).toMatch(said);
  });

  it("is completed by kubectl's own completion, with the names of the cluster", async () => {
    const complete = async (...words: readonly string[]) =>
      (await kubectl(server.kubeconfig, '__complete', 'penstock', ...words)).stdout.split('\n');
    expect(await complete('promote', '')).toEqual(['fraud-v2', ':4', '']);
    expect((await complete('ge')).map((line) => line.split('\t')[0])).toEqual(['get', ':4', '']);
  });
});
