import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { CertificateAuthority, createAuthority } from '../../src/security/certificate-authority.ts';
import { Serve, temporaryFolder } from '../penstock-process.ts';
import { Caller } from '../translate/caller.ts';
import { type StandIn, startStandIn } from '../translate/model-server.ts';
import { Certificates, type PairFiles, replace } from './certificates.ts';
import { type EnvoySidecar, startSidecar } from './envoy-sidecar.ts';
import { underLoad } from './under-load.ts';

const HOUR_MS = 3_600_000;
const PENSTOCK = 'spiffe://mesh.example/penstock';
const FRAUD = 'spiffe://mesh.example/ns/default/sa/fraud';
const SHOP = 'spiffe://mesh.example/ns/shop/sa/checkout';
const OTHER = 'spiffe://mesh.example/ns/other/sa/other';
const HOST = 'fraud.default.svc.cluster.local';

let folder: ReturnType<typeof temporaryFolder>;
let certificates: Certificates;
let model: StandIn;
let serve: Serve;
let inboundPort = 0;
let names = 0;
const sidecars: EnvoySidecar[] = [];

beforeAll(async () => {
  folder = temporaryFolder();
  certificates = await Certificates.create(folder.path, 'bootstrap');
  model = await startStandIn('fraud');
});

afterEach(async () => {
  await Promise.all(sidecars.splice(0).map((each) => each.stop()));
  await serve?.stop();
});

afterAll(async () => {
  await model?.stop();
  folder.remove();
});

/** The control plane, and the sidecar in front of the model server. */
async function start(
  meshArgs: readonly string[],
  identities = FRAUD,
  mode = 'strict',
): Promise<EnvoySidecar> {
  [inboundPort = 0] = await freePorts(1);
  const specs = join(folder.path, 'specs.yaml');
  writeFileSync(
    specs,
    `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  mtls: {identities: ['${identities}']}
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: ${inboundPort}}]}}]
`,
  );
  const own = await certificates.issue('penstock', PENSTOCK);
  const tls = ['--xds-tls-cert', own.cert, '--xds-tls-key', own.key, '--xds-client-ca', certificates.ca];
  serve = await Serve.start(['-f', specs, ...tls, ...meshArgs]);
  const args = ['--service', 'fraud', '--port', `${inboundPort}`, '--app-port', `${model.port}`];
  return sidecar(await certificates.issue('fraud', FRAUD), [
    ...args,
    '--mtls',
    mode,
    '--caller',
    'spiffe://mesh.example/ns/shop/**',
  ]);
}

async function sidecar(own: PairFiles, args: readonly string[]): Promise<EnvoySidecar> {
  const name = `sidecar-${++names}`;
  const started = await startSidecar(
    folder.path,
    name,
    ...['--xds', serve.xdsAddress, '--xds-ca', certificates.ca, '--xds-server-name', PENSTOCK],
    ...['--tls-cert', own.cert, '--tls-key', own.key],
    ...args,
  );
  sidecars.push(started);
  return started;
}

async function client(identity: string): Promise<{ caller: Caller; envoy: EnvoySidecar }> {
  const [port = 0] = await freePorts(1);
  const envoy = await sidecar(await certificates.issue(`client-${names}`, identity), ['--port', `${port}`]);
  await waitUntil('the client is ready', async () => (await envoy.isReady()) || undefined);
  return { caller: new Caller(port), envoy };
}

/** An authority of the mesh in files, and its options. */
async function meshAuthority(name: string): Promise<readonly string[]> {
  const root = await createAuthority(name, Date.now(), HOUR_MS);
  const [cert, key] = [join(folder.path, 'mesh-ca.pem'), join(folder.path, 'mesh-ca.key')];
  replace(key, root.key);
  replace(cert, root.cert);
  return ['--mesh-ca-cert', cert, '--mesh-ca-key', key];
}

const answered = (caller: Caller) =>
  waitUntil('a call is answered', async () => (await caller.call(HOST)).text === 'fraud' || undefined);

/** What somebody without a sidecar is shown at the model server's address. */
function serverCertificate(): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTls({
      host: '127.0.0.1',
      port: inboundPort,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    socket.once('secureConnect', () => {
      resolve(socket.getPeerX509Certificate()?.subjectAltName ?? '');
      socket.destroy();
    });
    socket.once('error', (error) => resolve(error.message));
  });
}

describe('between sidecars, with an authority of the control plane', () => {
  it('is who each proves to be, and nobody else is heard', async () => {
    const inbound = await start(await meshAuthority('mesh'));
    const { caller, envoy } = await client(SHOP);
    await answered(caller);
    expect(await serverCertificate()).toBe(`URI:${FRAUD}`);
    expect(await envoy.stat('cluster.default/fraud/v1.ssl.handshake')).toBeGreaterThan(0);
    expect(await envoy.admin('/certs')).toContain(SHOP);
    const plain = new Caller(inboundPort);
    expect((await plain.call(HOST, {}, 2_000)).status).toBeUndefined();
    const stranger = await client(OTHER);
    await waitUntil('it is refused', async () => {
      expect((await stranger.caller.call(HOST)).status).not.toBe(0);
      return (await inbound.stat('listener.inbound.ssl.fail_verify_san')) > 0 || undefined;
    });
    for (const each of [caller, plain, stranger.caller]) each.close();
  });

  it('does not call a server with another identity than the spec says', async () => {
    await start(await meshAuthority('mesh'), 'spiffe://mesh.example/ns/default/sa/somebody-else');
    const { caller, envoy } = await client(SHOP);
    await waitUntil('the certificate is refused', async () => {
      expect((await caller.call(HOST)).status).not.toBe(0);
      return (await envoy.stat('cluster.default/fraud/v1.ssl.fail_verify_san')) > 0 || undefined;
    });
    caller.close();
  });

  it('takes plaintext too while it is permissive', async () => {
    await start(await meshAuthority('mesh'), FRAUD, 'permissive');
    const { caller } = await client(SHOP);
    await answered(caller);
    const plain = new Caller(inboundPort);
    expect((await plain.call(HOST)).text).toBe('fraud');
    for (const each of [caller, plain]) each.close();
  });

  it('renews certificates, and replaces the authority, under load and by workers without a lost call', async () => {
    const lifetime = ['--mesh-certificate-lifetime', '10s', '--xds-workers', '2'];
    const inbound = await start([...(await meshAuthority('mesh')), ...lifetime]);
    const { caller, envoy } = await client(SHOP);
    await answered(caller);
    const said = (text: string) => serve.log.some(({ msg }) => msg.includes(text));
    const counts = await underLoad(caller, HOST, async () => {
      const updates = () => envoy.stat('sds.penstock/identity.update_success');
      const before = await updates();
      await waitUntil('two renewals', async () => (await updates()) >= before + 2 || undefined, {
        timeoutMs: 60_000,
      });
      await meshAuthority('mesh-2');
      await waitUntil(
        'the new authority is used',
        () => said('the new authority of the mesh is used') || undefined,
      );
      const after = await updates();
      await waitUntil('it reached the client', async () => (await updates()) > after || undefined);
      await waitUntil('the old one is gone', () => said('no longer trusted') || undefined);
    });
    const fresh = await client(SHOP);
    await answered(fresh.caller);
    process.stderr.write(`mesh rotation: ${counts.calls} calls, ${counts.lost} lost\n`);
    expect(counts.lost).toBe(0);
    expect(counts.calls).toBeGreaterThan(100);
    expect(await inbound.stat('listener_manager.listener_modified')).toBe(0);
    for (const each of [caller, fresh.caller]) each.close();
  });
});

describe('with certificates that something else issued', () => {
  it('gives each identity its own, and rotates them under load without a lost call', async () => {
    const given = join(folder.path, 'given');
    mkdirSync(given);
    const authority = await CertificateAuthority.open(await createAuthority('given', Date.now(), HOUR_MS));
    writeFileSync(join(given, 'ca.pem'), authority.cert);
    const issue = async (name: string, identity: string) => {
      const issued = await authority.issue({ uris: [identity], now: Date.now(), validForMs: HOUR_MS });
      replace(join(given, `${name}.key`), issued.key);
      replace(join(given, `${name}.pem`), issued.cert);
    };
    await issue('fraud', FRAUD);
    await issue('shop', SHOP);
    await start(['--mesh-certificates', given]);
    const { caller, envoy } = await client(SHOP);
    await answered(caller);
    const counts = await underLoad(caller, HOST, async () => {
      const before = await envoy.stat('sds.penstock/identity.update_success');
      await issue('shop', SHOP);
      await issue('fraud', FRAUD);
      await waitUntil(
        'the client has it',
        async () => (await envoy.stat('sds.penstock/identity.update_success')) > before || undefined,
      );
    });
    process.stderr.write(`given rotation: ${counts.calls} calls, ${counts.lost} lost\n`);
    expect(counts.lost).toBe(0);
    const { serialNumber } = new X509Certificate(readFileSync(join(given, 'shop.pem')));
    expect(await envoy.admin('/certs')).toContain(serialNumber.toLowerCase());
    caller.close();
  });
});
