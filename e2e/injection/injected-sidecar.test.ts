import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import { inject } from '../../src/core/injection/inject.ts';
import { DEFAULT_SETTINGS } from '../../src/core/injection/settings.ts';
import { type Child, startChild } from '../../src/demo/child.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { Serve, temporaryFolder } from '../penstock-process.ts';

const SPECS = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud, namespace: shop}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}]}
`;

const folder = temporaryFolder();
let serve: Serve;
let envoy: Child;
let status: (path: string, method?: string) => Promise<Response>;

/** The container that is injected, as the kubelet would start it; in a pod its ports are the pod's own. */
async function argumentsOf(container: object, xdsPort: number): Promise<readonly string[]> {
  const [admin, statusPort, listener] = await freePorts(3);
  status = (path, method = 'GET') => fetch(`http://127.0.0.1:${statusPort}${path}`, { method });
  const ports = new Map([
    ['15000', admin],
    ['15021', statusPort],
    ['9000', listener],
    ['18000', xdsPort],
  ]);
  const variables = { POD_NAME: 'model-0', POD_NAMESPACE: 'shop', PENSTOCK_ZONE: '' };
  const args: readonly string[] = Reflect.get(container, 'args');
  return args.map((arg) =>
    Object.entries(variables)
      .reduce((text, [name, value]) => text.replaceAll(`$(${name})`, value), arg)
      .replaceAll(/"(port|port_value)":(\d+)/g, (_, key, port) => `"${key}":${ports.get(port) ?? port}`),
  );
}

beforeAll(async () => {
  const file = join(folder.path, 'specs.yaml');
  writeFileSync(file, SPECS);
  serve = await Serve.start(['-f', file]);
  const labels = {
    'penstock.dev/inject': 'true',
    'penstock.dev/service': 'fraud',
    'penstock.dev/version': 'v1',
  };
  const containers = [{ name: 'model', ports: [{ containerPort: 8001 }] }];
  const patch = inject(
    { pod: { metadata: { labels }, spec: { containers } }, namespace: 'shop', selectedBy: 'pod', uid: 'u' },
    { ...DEFAULT_SETTINGS, xds: { host: '127.0.0.1', port: 18_000 } },
  );
  if ('findings' in patch) throw new Error('the pod is refused');
  const value = patch.find(({ path }) => path === '/spec/initContainers')?.value;
  const [container] = Array.isArray(value) ? value : [];
  const args = await argumentsOf(container, serve.xdsPort);
  const logFile = join(folder.path, 'envoy.log');
  envoy = startChild({ name: 'envoy', command: findTool('envoy').path, args, logFile });
});

afterAll(async () => {
  await envoy?.stop();
  await serve?.stop();
  folder.remove();
});

describe('a real Envoy with the arguments that are injected', () => {
  it('comes up with the configuration of its service, by the name of its pod', async () => {
    await waitUntil('it is ready', async () => (await status('/ready')).ok);
    const sidecars = await serve.api<readonly { id: string; role: string; converged: boolean }[]>('sidecars');
    expect(sidecars).toMatchObject([
      { id: 'model-0.shop.inbound', role: 'inbound shop/fraud/v1', converged: true },
    ]);
  });

  it('answers probes and scrapes', async () => {
    expect((await status('/live')).status).toBe(200);
    expect(await (await status('/stats/prometheus')).text()).toContain('envoy_server_live');
  });

  it.each([
    ['/quitquitquit', 'POST'],
    ['/config_dump', 'GET'],
    ['/ready', 'POST'],
    ['/', 'GET'],
  ])('tells nothing else of its administration: %s by %s', async (path, method) => {
    expect((await status(path, method)).status).toBe(404);
  });
});
