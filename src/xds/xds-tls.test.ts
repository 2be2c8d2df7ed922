import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CertificateAuthority, createAuthority, type KeyPair } from '../security/certificate-authority.ts';
import { NodeRefused, type XdsServer } from './contract.ts';
import { serveXds } from './xds-server.ts';

const HOUR_MS = 3_600_000;
const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const FRAUD = 'spiffe://mesh.example/ns/default/sa/fraud';

let ca: CertificateAuthority;
let stranger: CertificateAuthority;
let server: XdsServer | undefined;
const sessions: ClientHttp2Session[] = [];

beforeAll(async () => {
  const now = Date.now();
  ca = await CertificateAuthority.open(await createAuthority('mesh', now, HOUR_MS));
  stranger = await CertificateAuthority.open(await createAuthority('another', now, HOUR_MS));
});

afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy();
  await server?.close();
});

const issue = (
  authority: CertificateAuthority,
  uris: readonly string[],
  validForMs = HOUR_MS,
  now = Date.now(),
) => authority.issue({ uris, addresses: ['127.0.0.1'], now, validForMs });

const buffers = ({ cert, key }: KeyPair) => ({ cert: Buffer.from(cert), key: Buffer.from(key) });

async function start(settings = {}): Promise<number> {
  const own = await issue(ca, ['spiffe://mesh.example/penstock']);
  server = await serveXds({
    address: '127.0.0.1:0',
    tls: { ...buffers(own), clientCa: Buffer.from(ca.cert) },
    nodes: {
      viewOf: (_, { identity }) => {
        throw new NodeRefused(`you are ${identity}`, 'PERMISSION_DENIED');
      },
    },
    settings,
  });
  return server.port;
}

function dial(port: number, client?: KeyPair, trusted = ca.cert): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, { ca: trusted, ...client });
  session.on('error', () => {});
  sessions.push(session);
  return session;
}

function open(session: ClientHttp2Session): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': PATH,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.resume();
  return stream;
}

/** The status and message of a stream that says who it is, or the error that the connection ended with. */
async function ask(session: ClientHttp2Session): Promise<string> {
  const stream = open(session);
  const fields: Record<string, unknown> = {};
  stream.on('response', (headers) => Object.assign(fields, headers));
  stream.on('trailers', (headers) => Object.assign(fields, headers));
  // DeltaDiscoveryRequest {node {id "n"}, type_url "…"}
  const url = Buffer.from('type.googleapis.com/envoy.config.cluster.v3.Cluster');
  const message = Buffer.concat([Buffer.from([0x0a, 3, 0x0a, 1, 0x6e, 0x12, url.length]), url]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([head, message]));
  await Promise.race([closed(stream), closed(session)]);
  return 'grpc-status' in fields
    ? `${fields['grpc-status']} ${decodeURI(String(fields['grpc-message'] ?? ''))}`
    : 'refused';
}

/** Errors come before it, and are not what is waited for. */
function closed(what: ClientHttp2Session | ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => void what.once('close', () => resolve()));
}

describe('over mutual TLS', () => {
  it.each<[string, () => Promise<KeyPair | undefined>, string]>([
    ['its certificate proves who it is', () => issue(ca, [FRAUD]), `7 you are ${FRAUD}`],
    ['no certificate', async () => undefined, 'refused'],
    ['a certificate of another authority', () => issue(stranger, [FRAUD]), 'refused'],
    ['an expired certificate', () => issue(ca, [FRAUD], 1, Date.now() - HOUR_MS), 'refused'],
    ['a certificate of tomorrow', () => issue(ca, [FRAUD], HOUR_MS, Date.now() + 24 * HOUR_MS), 'refused'],
    [
      'no SPIFFE ID',
      () => issue(ca, []),
      '16 the client certificate names no SPIFFE ID; give it one URI, spiffe://DOMAIN/PATH',
    ],
    [
      'two SPIFFE IDs',
      () => issue(ca, [FRAUD, 'spiffe://mesh.example/b']),
      '16 the client certificate names 2 URIs; exactly one is allowed',
    ],
    [
      'another URI',
      () => issue(ca, ['https://mesh.example/a']),
      "16 the client certificate's URI https://mesh.example/a does not begin with spiffe://",
    ],
    ['a URI that pretends to be two names', () => issue(ca, [`https://a/", URI:${FRAUD}`]), '16'],
  ])('%s', async (_, client, expected) => {
    const port = await start();
    const answer = await ask(dial(port, await client()));
    expect(answer.startsWith(expected), answer).toBe(true);
  });

  it('shows new connections the replaced certificate and lets open streams go on', async () => {
    const port = await start();
    const client = await issue(ca, [FRAUD]);
    const session = dial(port, client);
    const stream = open(session);
    await once(stream, 'response');
    server?.rotate({
      ...buffers(await issue(stranger, ['spiffe://mesh.example/penstock'])),
      clientCa: Buffer.from(ca.cert),
    });
    expect(await ask(dial(port, client))).toBe('refused'); // it trusts the first authority alone
    expect(await ask(dial(port, client, stranger.cert))).toBe(`7 you are ${FRAUD}`);
    expect(session.closed).toBe(false);
    expect(stream.closed).toBe(false);
  });

  it('ends connections whose authority is no longer trusted', async () => {
    const port = await start();
    const session = dial(port, await issue(ca, [FRAUD]));
    await once(open(session), 'response');
    server?.rotate({
      ...buffers(await issue(ca, ['spiffe://mesh.example/penstock'])),
      clientCa: Buffer.from(stranger.cert),
    });
    await closed(session);
  });

  it('ends a connection whose certificate is over', async () => {
    const port = await start();
    const session = dial(port, await issue(ca, [FRAUD], 1_500));
    await once(open(session), 'response');
    await closed(session);
  });

  it('bounds the calls and the connections of one identity', async () => {
    const port = await start({ streamsPerIdentity: 2, connectionsPerIdentity: 2 });
    const client = await issue(ca, [FRAUD]);
    const [one, two] = [dial(port, client), dial(port, client)];
    await Promise.all([once(open(one), 'response'), once(open(two), 'response')]);
    expect(await ask(one)).toBe(`8 ${FRAUD} has 2 calls under way, as many as one identity may`);
    const third = dial(port, client);
    const [code] = await once(third, 'goaway');
    expect(code).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    const other = dial(port, await issue(ca, ['spiffe://mesh.example/another']));
    expect(await ask(other)).toBe('7 you are spiffe://mesh.example/another');
  });
});
