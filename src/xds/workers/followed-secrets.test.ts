import { connect } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { expect, test, vi } from 'vitest';
import type { Resource } from '../../core/delta/resource.ts';
import { TYPE_URL } from '../../core/delta/type-urls.ts';
import { SecretSchema } from '../../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { DeltaDiscoveryRequestSchema } from '../../gen/envoy/service/discovery/v3/discovery_pb.js';
import { frameMessage } from '../../grpc/messages.ts';
import { CertificateAuthority, createAuthority } from '../../security/certificate-authority.ts';
import { encodeResource } from '../codec.ts';
import { serveXds } from '../xds-server.ts';

const HOUR_MS = 3_600_000;
const PATH = '/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets';
const FRAUD = 'spiffe://mesh.example/ns/default/sa/fraud';
const SOON = { timeout: 60_000, interval: 20 };

const secretOf = (key: string): Resource =>
  encodeResource(
    SecretSchema,
    create(SecretSchema, {
      name: 'penstock/identity',
      type: {
        case: 'tlsCertificate',
        value: { privateKey: { specifier: { case: 'inlineString', value: key } } },
      },
    }),
  );

test('a worker gives each identity its own secrets, renewed ones too, and follows nobody once it is gone', async () => {
  const now = Date.now();
  const ca = await CertificateAuthority.open(await createAuthority('mesh', now, HOUR_MS));
  const issue = (uri: string) =>
    ca.issue({ uris: [uri], addresses: ['127.0.0.1'], now, validForMs: HOUR_MS });
  const own = await issue('spiffe://mesh.example/penstock');
  const followed = new Map<string, (secrets: readonly Resource[]) => void>();
  const server = await serveXds({
    address: '127.0.0.1:0',
    workers: 2,
    nodes: { viewOf: () => 'all' },
    tls: { cert: Buffer.from(own.cert), key: Buffer.from(own.key), clientCa: Buffer.from(ca.cert) },
    secrets: {
      follow(identity, told) {
        followed.set(identity, told);
        told([secretOf('the first key')]);
        return () => void followed.delete(identity);
      },
    },
  });
  const { cert, key } = await issue(FRAUD);
  const session = connect(`https://127.0.0.1:${server.port}`, { ca: ca.cert, cert, key });
  session.on('error', () => {});
  try {
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => {});
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const request = create(DeltaDiscoveryRequestSchema, {
      node: { id: 'fraud-1' },
      typeUrl: TYPE_URL.sds,
      resourceNamesSubscribe: ['penstock/identity'],
    });
    stream.write(frameMessage(toBinary(DeltaDiscoveryRequestSchema, request)));
    const isTold = (text: string) => vi.waitUntil(() => Buffer.concat(chunks).includes(text), SOON);
    await isTold('the first key');
    expect([...followed.keys()]).toEqual([FRAUD]);
    followed.get(FRAUD)?.([secretOf('the second key')]);
    await isTold('the second key');
    for (const pid of server.pids) if (pid !== process.pid) process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => followed.size === 0, SOON);
  } finally {
    session.destroy();
    await server.close();
  }
}, 120_000);
