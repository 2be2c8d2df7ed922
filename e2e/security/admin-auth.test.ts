import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { penstock, Serve, startPenstock, temporaryFolder } from '../penstock-process.ts';
import { SPECS } from '../sample-specs.ts';
import { Certificates } from './certificates.ts';
import { type Issuer, startIssuer } from './oidc-issuer.ts';

const AUDIENCE = 'https://penstock.example';

const folder = temporaryFolder();
const tokens = join(folder.path, 'tokens.json');
const specs = join(folder.path, 'specs.yaml');
let issuer: Issuer;
let serve: Serve;
const secret: Record<'viewer' | 'operator' | 'admin', string> = { viewer: '', operator: '', admin: '' };

beforeAll(async () => {
  issuer = await startIssuer();
  writeFileSync(specs, SPECS);
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    const made = await penstock(['token', 'create', '-f', tokens, '--role', role, '--name', `ada-${role}`]);
    expect(made.code, made.stderr).toBe(0);
    secret[role] = made.stdout.trim();
  }
  const auth = join(folder.path, 'auth.yaml');
  writeFileSync(
    auth,
    `tokens: tokens.json
oidc: {issuer: '${issuer.url}', audience: '${AUDIENCE}', roles: {viewer: [everybody], operator: [ml]}}
metrics: viewer
`,
  );
  serve = await Serve.start(['-f', specs, '--admin-auth', auth, '--state', join(folder.path, 'state')]);
});

afterAll(async () => {
  await serve?.stop();
  await issuer?.stop();
  folder.remove();
});

async function ask(path: string, token?: string, body?: unknown): Promise<number> {
  const response = await fetch(`${serve.adminUrl}${path}`, {
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
  await response.body?.cancel();
  return response.status;
}

const command = (token: string, ...args: readonly string[]) =>
  penstock(args, { PENSTOCK_ADMIN: serve.adminUrl, PENSTOCK_TOKEN: token });

describe('with --admin-auth', () => {
  it('only health is for everybody', async () => {
    expect(await ask('/healthz')).toBe(200);
    expect(await ask('/readyz')).toBe(200);
    for (const path of ['/metrics', '/api/v1/status', '/api/v1/events', '/api/v1/audit', '/openapi.json'])
      expect(await ask(path), path).toBe(401);
    expect(await ask('/metrics', secret.viewer)).toBe(200);
  });

  it('the command line acts for whoever has the token, and is told who may not', async () => {
    const nobody = await penstock(['get'], { PENSTOCK_ADMIN: serve.adminUrl });
    expect(nobody.stderr).toContain('give a token');
    expect((await command(secret.viewer, 'get', 'services')).stdout).toContain('fraud');
    const refused = await command(secret.viewer, 'pause', 'fraud-v2');
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ada-viewer is viewer; this needs operator'),
    });
    expect(await command(secret.operator, 'pause', 'fraud-v2')).toMatchObject({ code: 0 });
    const option = await penstock(['baseline', 'off', '--token', secret.admin], {
      PENSTOCK_ADMIN: serve.adminUrl,
    });
    expect(option.code, option.stderr).toBe(0);
    const audit = await command(secret.viewer, 'audit', 'export');
    expect(audit.stdout).toContain('"actor":"ada-operator (127.0.0.1)"');
    expect((await command(secret.viewer, 'audit', 'verify')).code).toBe(0);
  });

  it('a revoked token ends within two seconds, without a restart', async () => {
    const made = await penstock(['token', 'create', '-f', tokens, '--role', 'viewer', '--name', 'short']);
    const token = made.stdout.trim();
    // Each asking before that is a failed login, of which there are not many.
    const seldom = { everyMs: 500 };
    const isKnown = async () => (await ask('/api/v1/me', token)) === 200 || undefined;
    await waitUntil('it is known', isKnown, seldom);
    expect((await penstock(['token', 'list', '-f', tokens])).stdout).toContain('short');
    const at = Date.now();
    expect((await penstock(['token', 'revoke', '-f', tokens, 'short'])).code).toBe(0);
    const revoked = Date.now();
    await waitUntil('it is not', async () => (await ask('/api/v1/me', token)) === 401 || undefined);
    process.stderr.write(`revoked after ${Date.now() - revoked} ms, ${Date.now() - at} with the command\n`);
  });
});

describe('with a real OpenID Connect issuer', () => {
  it('gives the role that a group stands for, and names the person', async () => {
    const operator = await issuer.token(AUDIENCE, ['everybody', 'ml']);
    expect(await ask('/api/v1/freeze', operator, { on: true })).toBe(200);
    expect(await ask('/api/v1/freeze', operator, { on: false })).toBe(200);
    expect(await ask('/api/v1/baseline', operator, { on: false })).toBe(403);
    expect((await command(secret.viewer, 'audit', 'export')).stdout).toContain(
      'pipeline@mesh.example (127.0.0.1)',
    );
    const viewer = await issuer.token(AUDIENCE, ['everybody']);
    expect(await ask('/api/v1/status', viewer)).toBe(200);
    expect(await ask('/api/v1/freeze', viewer, { on: true })).toBe(403);
  });

  it('believes nothing else', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      sub: 'mallory',
      groups: ['ml'],
      iss: issuer.url,
      aud: AUDIENCE,
      iat: now,
      exp: now + 600,
    };
    const forged = await generateKeyPair('ES256');
    const good = await issuer.token(AUDIENCE, ['ml']);
    const [head = '', , signature = ''] = good.split('.');
    const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${changed}.`;
    const others = {
      'another audience': await issuer.token('https://other.example', ['ml']),
      'no group that gives a role': await issuer.token(AUDIENCE, ['strangers']),
      'a key of its own': await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256' })
        .sign(forged.privateKey),
      'a shared secret': await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode('pipeline-secret-pipeline-secret-pipeline')),
      'no signature': unsigned,
      'changed claims': `${head}.${changed}.${signature}`,
    };
    for (const [what, token] of Object.entries(others)) {
      await waitUntil(
        `an answer to ${what}`,
        async () => {
          const status = await ask('/api/v1/status', token);
          if (status === 429) return undefined;
          expect(status, what).toBe(401);
          return true;
        },
        { everyMs: 1_000, timeoutMs: 60_000 },
      );
    }
  });
});

it('tells no secret anywhere', async () => {
  const told = [
    JSON.stringify(serve.log),
    readFileSync(tokens, 'utf8'),
    (await command(secret.admin, 'get', '-o', 'json')).stdout,
    (await command(secret.admin, 'audit', 'export')).stdout,
    (await command(secret.admin, 'explain', 'rollout/fraud-v2')).stdout,
    await (
      await fetch(`${serve.adminUrl}/api/v1/decisions`, {
        headers: { authorization: `Bearer ${secret.admin}` },
      })
    ).text(),
  ];
  for (const each of Object.values(secret)) {
    expect(each).toMatch(/^pst_/);
    for (const text of told) expect(text).not.toContain(each.slice(13));
  }
});

it('refuses an address that is not loopback, without authentication, in one line', async () => {
  const { code, stderr } = await penstock(['serve', '-f', specs, '--admin-address', '0.0.0.0:0']);
  expect(code).toBe(2);
  expect(stderr).toContain('--admin-address 0.0.0.0:0 is not loopback');
});

it('is served over TLS, and follows its certificate', async () => {
  const pki = await Certificates.create(folder.path, 'pki');
  const own = await pki.issue('admin', 'spiffe://mesh.example/admin');
  const running = startPenstock([
    ...['serve', '-f', specs, '--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'],
    ...[
      '--admin-auth',
      join(folder.path, 'auth.yaml'),
      '--admin-tls-cert',
      own.cert,
      '--admin-tls-key',
      own.key,
    ],
  ]);
  try {
    const address = await waitUntil('it serves', () => /"admin":"([^"]+)"/.exec(running.stderr())?.[1], {
      timeoutMs: 60_000,
    });
    const asked = { PENSTOCK_ADMIN: `https://${address}`, PENSTOCK_TOKEN: secret.viewer };
    const trusting = await penstock(['get', 'services'], { ...asked, NODE_EXTRA_CA_CERTS: pki.ca });
    expect(trusting.stdout, trusting.stderr).toContain('fraud');
    expect((await penstock(['get', 'services'], asked)).code).toBe(1);
    await pki.issue('admin', 'spiffe://mesh.example/admin');
    const { serialNumber } = new X509Certificate(readFileSync(own.cert));
    const [host = '', port = ''] = address.split(':');
    const shown = () =>
      new Promise<string | undefined>((resolve, reject) => {
        const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false });
        socket.once('error', reject);
        socket.once('secureConnect', () => {
          resolve(socket.getPeerX509Certificate()?.serialNumber);
          socket.destroy();
        });
      });
    await waitUntil('it shows the new one', async () => (await shown()) === serialNumber || undefined);
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
  }
});
