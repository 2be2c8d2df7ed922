import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiServer } from './api-server.ts';
import { kubernetesVersion } from './programs.ts';

let server: ApiServer;
beforeAll(async () => {
  server = await ApiServer.start();
});
afterAll(async () => {
  await server.stop();
  expect(existsSync(server.folder)).toBe(false);
});

const configMap = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: 'b' } });

describe('the API server that the tests start', () => {
  it('is the Kubernetes that is pinned', async () => {
    const { stdout } = await server.kubectl(['version', '-o', 'json']);
    expect(JSON.parse(stdout).serverVersion.gitVersion).toBe(`v${kubernetesVersion()}`);
  });

  it('keeps what was written when it is killed and started again', async () => {
    await server.apply(configMap('kept'));
    await server.killApiServer();
    expect((await server.kubectl(['get', 'configmap', 'kept'])).code).not.toBe(0);
    await server.startApiServer();
    const { stdout } = await server.kubectl(['get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}']);
    expect(stdout).toBe('b');
  });

  it('refuses a user to whom nothing was given', async () => {
    const kubeconfig = await server.kubeconfigFor('nobody');
    const { code, stderr } = await server.kubectl(['get', 'configmaps'], { kubeconfig });
    expect(code).toBe(1);
    expect(stderr).toContain('User "nobody" cannot list resource "configmaps"');
  });
});
