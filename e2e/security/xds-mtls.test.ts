import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SidecarStatus } from '../../src/core/status/status.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { penstock, replaceFile, Serve, temporaryFolder } from '../penstock-process.ts';
import { Caller } from '../translate/caller.ts';
import { type StandIn, startStandIn } from '../translate/model-server.ts';
import { Certificates, type PairFiles, replace } from './certificates.ts';
import { type EnvoySidecar, startSidecar } from './envoy-sidecar.ts';
import { underLoad } from './under-load.ts';

const PENSTOCK = 'spiffe://mesh.example/penstock';
const FRAUD = 'spiffe://mesh.example/ns/default/sa/fraud';
const SHOP = 'spiffe://mesh.example/ns/shop/sa/checkout';
const HOST = 'fraud.default.svc.cluster.local';

const folder = temporaryFolder();
const specs = join(folder.path, 'specs.yaml');
const policy = join(folder.path, 'policy.yaml');
let mesh: Certificates;
let stranger: Certificates;
let own: PairFiles;
let fraud: StandIn;
let ranker: StandIn;
let serve: Serve;
const sidecars: EnvoySidecar[] = [];

const service = (name: string, port: number) => `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: ${name}}
spec: {port: 9000, versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${port}}]}}]}
`;
const POLICY = `rules:
- {identity: ${FRAUD}, serves: [default/fraud], nodes: [fraud-*]}
- {identity: 'spiffe://mesh.example/ns/shop/**', calls: [default/fraud]}
`;

beforeAll(async () => {
  [mesh, stranger, fraud, ranker] = await Promise.all([
    Certificates.create(folder.path, 'mesh'),
    Certificates.create(folder.path, 'stranger'),
    startStandIn('fraud'),
    startStandIn('ranker'),
  ]);
  own = await mesh.issue('penstock', PENSTOCK);
  writeFileSync(specs, [service('fraud', fraud.port), service('ranker', ranker.port)].join('---\n'));
  writeFileSync(policy, POLICY);
  const tls = ['--xds-tls-cert', own.cert, '--xds-tls-key', own.key, '--xds-client-ca', mesh.ca];
  serve = await Serve.start(['-f', specs, ...tls, '--xds-policy', policy, '--load-report-interval', '200ms']);
});

afterEach(async () => {
  await Promise.all(sidecars.splice(0).map((each) => each.stop()));
});

afterAll(async () => {
  await serve?.stop();
  await Promise.all([fraud?.stop(), ranker?.stop()]);
  folder.remove();
});

let names = 0;

/** A sidecar that proves its identity by these files. */
async function sidecar(
  files: PairFiles | undefined,
  { name = `client-${++names}`, ca = mesh.ca, args = [] as readonly string[] } = {},
): Promise<EnvoySidecar & { readonly name: string }> {
  const own = files ? ['--tls-cert', files.cert, '--tls-key', files.key] : [];
  const secrets = ['--secrets', join(folder.path, `${name}.secrets`)];
  const xds = ['--xds', serve.xdsAddress, '--xds-ca', ca, '--xds-server-name', PENSTOCK];
  const started = await startSidecar(folder.path, name, ...xds, ...own, ...secrets, ...args);
  sidecars.push(started);
  return { ...started, name };
}

const clientArgs = async () => {
  const [port = 0] = await freePorts(1);
  return { port, args: ['--port', `${port}`] };
};

const connected = async () => (await serve.api<readonly SidecarStatus[]>('sidecars')).map(({ id }) => id);
const refusals = (text: string) => serve.log.filter(({ msg }) => msg.includes(text)).length;

describe('who is served', () => {
  it('is whoever proves an identity that the policy lets call: it calls, and reports its load', async () => {
    const { port, args } = await clientArgs();
    const client = await sidecar(await mesh.issue('shop', SHOP), { args });
    await waitUntil('the sidecar is ready', async () => (await client.isReady()) || undefined);
    const caller = new Caller(port);
    await waitUntil('a call arrives', async () => (await caller.call(HOST)).text === 'fraud' || undefined);
    expect((await caller.call('ranker.default.svc.cluster.local')).status).not.toBe(0);
    expect(await client.admin('/clusters')).not.toContain('ranker');
    expect(await client.stat('cluster.penstock_xds.ssl.no_certificate')).toBe(0);
    caller.close();
  });

  it.each<[string, () => Promise<PairFiles | undefined>, string]>([
    ['no certificate', async () => undefined, 'peer did not return a certificate'],
    ['a certificate of another authority', () => stranger.issue('shop', SHOP), 'certificate'],
    ['an expired certificate', () => mesh.issue('expired', SHOP, 1, Date.now() - 3_600_000), 'certificate'],
  ])('is not: %s', async (_, files, why) => {
    const before = refusals(why);
    const client = await sidecar(await files(), await clientArgs());
    await waitUntil('it tried', async () => refusals(why) > before || undefined);
    expect(await client.isReady()).toBe(false);
    expect(await connected()).not.toContain(client.name);
    expect(await client.admin('/config_dump')).not.toContain('default/fraud');
  });

  it('does not follow a control plane that another authority vouches for', async () => {
    const client = await sidecar(await mesh.issue('shop', SHOP), {
      ...(await clientArgs()),
      ca: stranger.ca,
    });
    await waitUntil(
      'it refused the certificate',
      async () => (await client.stat('cluster.penstock_xds.ssl.fail_verify_error')) > 0 || undefined,
    );
    expect(await connected()).not.toContain(client.name);
  });
});

describe('which identity may be which sidecar', () => {
  it('lets the model server be in front of its own service', async () => {
    const [port = 0] = await freePorts(1);
    const args = ['--service', 'fraud', '--port', `${port}`, '--app-port', `${fraud.port}`];
    const started = await sidecar(await mesh.issue('fraud', FRAUD), { name: 'fraud-1', args });
    await waitUntil('it is connected', async () => (await connected()).includes('fraud-1') || undefined);
    await waitUntil('it listens', async () => (await started.isReady()) || undefined);
    const caller = new Caller(port);
    await waitUntil('it serves', async () => (await caller.call(HOST)).text === 'fraud' || undefined);
    caller.close();
  });

  it.each<[string, string, string, readonly string[], string]>([
    [
      "another's service",
      FRAUD,
      'fraud-2',
      ['--service', 'ranker'],
      'may not stand in front of default/ranker',
    ],
    ["another's node id", FRAUD, 'ranker-1', ['--service', 'fraud'], 'may not use the node id "ranker-1"'],
    [
      'a caller as a server',
      SHOP,
      'shop-1',
      ['--service', 'fraud'],
      'may not stand in front of default/fraud',
    ],
    ['a server as a caller', FRAUD, 'fraud-3', [], 'may not call any service'],
    ['whom no rule is for', `${FRAUD}2`, 'fraud-4', [], 'no rule is for it'],
  ])('refuses %s', async (_, identity, name, args, why) => {
    const client = await sidecar(await mesh.issue(name, identity), { name, args });
    await waitUntil('it is told why', () => refusals(why) > 0 || undefined);
    expect(await connected()).not.toContain(name);
    expect(await client.admin('/clusters')).not.toContain('default/');
    expect(await client.admin('/listeners')).toBe('');
  });

  it('refuses a node id that another identity is connected with', async () => {
    const first = await sidecar(await mesh.issue('first', SHOP), { name: 'same', ...(await clientArgs()) });
    await waitUntil('it is ready', async () => (await first.isReady()) || undefined);
    const other = await mesh.issue('other', 'spiffe://mesh.example/ns/shop/sa/other');
    const { args } = await clientArgs();
    const second = await startSidecar(
      join(folder.path, 'mesh'),
      'same',
      ...['--xds', serve.xdsAddress, '--xds-ca', mesh.ca, '--xds-server-name', PENSTOCK],
      ...['--tls-cert', other.cert, '--tls-key', other.key, ...args],
    );
    sidecars.push(second);
    await waitUntil('it is told why', () => refusals(`belongs to ${SHOP}`) > 0 || undefined);
    expect(await connected()).toEqual(['same']);
  });

  it('follows the policy file: who loses a service is told no more of it, without a restart', async () => {
    const { port, args } = await clientArgs();
    const client = await sidecar(await mesh.issue('shop', SHOP), { args });
    await waitUntil('the sidecar is ready', async () => (await client.isReady()) || undefined);
    const caller = new Caller(port);
    await waitUntil('a call arrives', async () => (await caller.call(HOST)).text === 'fraud' || undefined);
    replaceFile(policy, POLICY.replace('calls: [default/fraud]', 'calls: [default/ranker]'));
    const toRanker = async () => (await caller.call('ranker.default.svc.cluster.local')).text === 'ranker';
    await waitUntil('the other service is called', async () => (await toRanker()) || undefined);
    await waitUntil('the first is gone', async () => (await caller.call(HOST)).status !== 0 || undefined);
    replaceFile(policy, 'rules: nonsense\n');
    await waitUntil('the mistake is told', () => refusals('the last good one stays') > 0 || undefined);
    expect(await toRanker()).toBe(true);
    replaceFile(policy, POLICY);
    await waitUntil('back', async () => (await caller.call(HOST)).text === 'fraud' || undefined);
    expect(await client.isReady()).toBe(true);
    caller.close();
  });
});

describe('rotation', () => {
  it('of both sides under load loses no call and cuts no stream', async () => {
    const { port, args } = await clientArgs();
    const files = await mesh.issue('rotating', SHOP);
    const client = await sidecar(files, { args });
    await waitUntil('the sidecar is ready', async () => (await client.isReady()) || undefined);
    const caller = new Caller(port);
    await waitUntil('a call arrives', async () => (await caller.call(HOST)).text === 'fraud' || undefined);
    const streams = await client.stat('cluster.penstock_xds.upstream_cx_total');
    const rotated = () => refusals('the certificates of xDS were replaced');
    const before = rotated();
    const { calls, lost } = await underLoad(caller, HOST, async () => {
      for (let round = 1; round <= 3; round++) {
        await mesh.issue('penstock', PENSTOCK);
        const { cert } = await mesh.issue('rotating', SHOP);
        const { serialNumber } = new X509Certificate(readFileSync(cert));
        await waitUntil('the server uses it', () => rotated() >= before + round || undefined);
        await waitUntil(
          'Envoy uses its own',
          async () => (await client.admin('/certs')).includes(serialNumber.toLowerCase()) || undefined,
        );
      }
      expect(await client.stat('cluster.penstock_xds.upstream_cx_total')).toBe(streams);
      const fresh = await sidecar(await mesh.issue('shop', SHOP), await clientArgs());
      await waitUntil('a new sidecar is served', async () => (await fresh.isReady()) || undefined);
    });
    caller.close();
    process.stderr.write(`calls during six rotations: ${calls}, lost ${lost}\n`);
    expect(lost).toBe(0);
    expect(calls).toBeGreaterThan(100);
  });

  it('to certificates that do not belong together keeps the last good ones', async () => {
    const good = { cert: readFileSync(own.cert, 'utf8'), key: readFileSync(own.key, 'utf8') };
    replace(own.cert, stranger.rootCert);
    await waitUntil('it is told', () => refusals('is not the key of the certificate') > 0 || undefined);
    const client = await sidecar(await mesh.issue('shop', SHOP), await clientArgs());
    await waitUntil('a new sidecar is served', async () => (await client.isReady()) || undefined);
    replace(own.cert, good.cert);
  });
});

describe('the start', () => {
  it.each([
    [['--xds-address', '0.0.0.0:0'], '--xds-address 0.0.0.0:0 is not loopback'],
    [['--xds-tls-cert', 'a.pem'], 'together'],
    [
      ['--xds-tls-cert', '/nowhere.pem', '--xds-tls-key', '/nowhere.key'],
      '/nowhere.pem: there is no such file',
    ],
  ])('%j is refused in one line', async (args, why) => {
    const { code, stderr } = await penstock([
      'serve',
      '-f',
      specs,
      '--admin-address',
      '127.0.0.1:0',
      ...args,
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain('    at ');
  });

  it('in plaintext beyond loopback only on purpose, and with a warning', async () => {
    const open = await Serve.start(['-f', specs, '--xds-allow-plaintext'], { xds: '0.0.0.0:0' });
    expect(open.log.some(({ msg, level }) => level === 40 && msg.includes('without TLS'))).toBe(true);
    await open.stop();
  });
});
