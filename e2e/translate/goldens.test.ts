import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import { type BootstrapOptions, bootstrap } from '../../src/core/translate/bootstrap.ts';
import { goldenCases } from '../../src/core/translate/golden-fixture.ts';
import { freePort, Mesh } from './mesh.ts';

const cases = goldenCases();

describe('every golden output', () => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await Mesh.start();
    await mesh.apply();
    // Both kinds of listeners, plain and watched; ports of their own.
    const otlp = { host: '127.0.0.1', port: 4318 };
    const inbound = { kind: 'inbound', service: 'default/fraud', version: 'v1', appPort: 9001 } as const;
    for (const watched of [{}, { accessLog: true, traced: 1 }]) {
      const at = async () => ({ address: '127.0.0.1', port: await freePort(), ...watched });
      await mesh.sidecar({ kind: 'outbound', ...(await at()) }, otlp);
      await mesh.sidecar({ ...inbound, ...(await at()) }, otlp);
    }
  });

  afterAll(() => mesh?.stop());

  it.each(cases)('of $name is accepted by the real Envoy, after any other', async ({ services }) => {
    await mesh.apply(...services);
    expect(mesh.rejections()).toEqual([]);
  });
});

describe('every bootstrap', () => {
  const outbound: BootstrapOptions = {
    nodeId: 'n1',
    node: { kind: 'outbound', address: '127.0.0.1', port: 15_001 },
    xds: { host: '127.0.0.1', port: 18_000 },
    adminAddress: '127.0.0.1',
    adminPort: 9901,
    loadReports: true,
  };

  it.each<[string, BootstrapOptions]>([
    ['for clients', outbound],
    [
      'for a model server',
      {
        ...outbound,
        node: { kind: 'inbound', service: 'a/b', version: 'c', address: '::', port: 1, appPort: 2 },
      },
    ],
    [
      'with a control plane by name',
      { ...outbound, xds: { host: 'penstock.svc', port: 1 }, loadReports: false },
    ],
    ['with a collector of traces', { ...outbound, otlp: { host: 'collector.svc', port: 4318 } }],
    ['with a zone and an address of its own', { ...outbound, zone: 'a', sourceAddress: '127.0.0.2' }],
  ])('%s is valid for the real Envoy', (_, options) => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-bootstrap-'));
    try {
      const file = join(folder, 'bootstrap.json');
      writeFileSync(file, JSON.stringify(bootstrap(options)));
      execFileSync(findTool('envoy').path, ['--mode', 'validate', '-c', file, '-l', 'warn'], {
        stdio: 'pipe',
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
