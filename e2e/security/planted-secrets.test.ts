import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { penstock, type Running, startPenstock, temporaryFolder } from '../penstock-process.ts';
import { Certificates } from './certificates.ts';

// Every secret that Penstock is ever given is planted, everything that uses one is made to fail, and everything that
// Penstock says is searched for them.

const folder = temporaryFolder();
const PLANTED = {
  prometheusPassword: 'planted-prometheus-password',
  consulToken: 'planted-consul-token',
  consulPassword: 'planted-consul-password',
  webhookKey: 'planted-webhook-key',
  webhookPath: 'planted-in-the-path-of-a-webhook',
  webhookQuery: 'planted-in-the-query-of-a-webhook',
  mailPassword: 'planted-mail-password',
  confirmKey: 'planted-confirm-key',
  confirmQuery: 'planted-in-the-query-of-a-confirmation',
  wrongToken: 'pst_00000000_planted-token-that-is-nobodys-0123456789abcdef',
} as const;

let running: Running;
let refusing: Server;
const calledFor: string[] = [];
let admin = '';
let token = '';
const keys: Record<string, string> = {};
const told: Record<string, string> = {};

const specs = (port: number, closed: number) => `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: 1}]}}
  - {name: v2, endpoints: {consul: {service: fraud}}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 5}, {pause: {}}]}
  analysis:
    interval: 200ms
    warmUp: 0s
    metrics: [{name: errors, type: ErrorRate, thresholdRange: {max: 0.01}}, {name: q, type: Query, query: 'vector(1)', thresholdRange: {max: 2}}]
    webhooks:
    - {type: on-event, url: 'http://127.0.0.1:${port}/${PLANTED.webhookPath}?key=${PLANTED.webhookQuery}', retries: 1, timeout: 1s, secret: {env: WEBHOOK_KEY}}
    - {type: on-event, url: 'http://127.0.0.1:${closed}/hook?key={{secret}}', format: wecom, retries: 1, timeout: 1s, secret: {env: WEBHOOK_KEY}}
    - {type: on-event, url: 'smtp://penstock@127.0.0.1:${closed}', format: email, retries: 1, timeout: 1s, secret: {file: '${join(folder.path, 'mail.key')}'}, mail: {from: a@mesh.example, to: [b@mesh.example]}}
    - {type: confirm-rollout, url: 'http://127.0.0.1:${port}/confirm?token=${PLANTED.confirmQuery}', retries: 1, timeout: 1s, secret: {env: CONFIRM_KEY}}
`;

beforeAll(async () => {
  refusing = createServer(({ url = '' }, answer) => {
    calledFor.push(url);
    answer.writeHead(500).end('no');
  });
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  const { port } = refusing.address() as AddressInfo;
  const [closed = 0] = await freePorts(1);
  const write = (name: string, text: string) => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  write('mail.key', PLANTED.mailPassword);
  const file = write('specs.yaml', specs(port, closed));
  const certificates = await Certificates.create(folder.path, 'pki');
  const own = await certificates.issue('penstock', 'spiffe://mesh.example/penstock');
  for (const [name, path] of Object.entries({ server: own.key, authority: certificates.caKey }))
    keys[name] = readFileSync(path, 'utf8').split('\n')[1] ?? '';
  const tokens = join(folder.path, 'tokens.json');
  const made = await penstock(['token', 'create', '-f', tokens, '--role', 'admin', '--name', 'ada']);
  token = made.stdout.trim();
  told['token create'] = made.stderr;
  write('auth.yaml', 'tokens: tokens.json\n');
  running = startPenstock(
    [
      ...['serve', '-f', file, '--state', join(folder.path, 'state'), '--log-level', 'debug'],
      ...['--prometheus', `http://penstock:${PLANTED.prometheusPassword}@127.0.0.1:${closed}`],
      ...['--prometheus-timeout', '500ms'],
      ...['--consul', `http://penstock:${PLANTED.consulPassword}@127.0.0.1:${closed}`],
      ...['--xds-address', '127.0.0.1:0', '--admin-address', '127.0.0.1:0'],
      ...['--admin-auth', join(folder.path, 'auth.yaml')],
      ...['--xds-tls-cert', own.cert, '--xds-tls-key', own.key, '--xds-client-ca', certificates.ca],
      ...['--mesh-ca-cert', certificates.ca, '--mesh-ca-key', certificates.caKey],
    ],
    {
      WEBHOOK_KEY: PLANTED.webhookKey,
      CONFIRM_KEY: PLANTED.confirmKey,
      CONSUL_HTTP_TOKEN: PLANTED.consulToken,
    },
  );
  const serving = await waitUntil(
    'penstock serves',
    () =>
      /"admin":"([^"]+)"/.exec(running.stderr())?.[1] ??
      (running.child.exitCode === null ? undefined : 'ended'),
    { timeoutMs: 60_000 },
  );
  if (serving === 'ended') throw new Error(running.stderr());
  admin = `http://${serving}`;
});

afterAll(async () => {
  running?.child.kill('SIGTERM');
  await running?.ended;
  refusing?.closeAllConnections();
  refusing?.close();
  folder.remove();
});

const command = (...args: readonly string[]) =>
  penstock(args, { PENSTOCK_ADMIN: admin, PENSTOCK_TOKEN: token });

it('tells none of them, in the log, the API, the audit, explain, errors, metrics or the database', async () => {
  const asked = await command('freeze', 'on');
  expect(asked.code, asked.stderr).toBe(0);
  await command('freeze', 'off');
  await waitUntil('webhooks were called in vain, and Prometheus too', () => {
    const called = [PLANTED.webhookQuery, PLANTED.confirmQuery].every((query) =>
      calledFor.some((url) => url.includes(query)),
    );
    return (called && /prometheus/i.test(running.stderr())) || undefined;
  });
  const headers = { authorization: `Bearer ${token}` };
  const paths = [
    'status',
    'services',
    'rollouts',
    'breakers',
    'limits',
    'sidecars',
    'decisions',
    'audit',
    'me',
  ];
  for (const path of paths.map((each) => `/api/v1/${each}`).concat('/metrics', '/openapi.json'))
    told[path] = await (await fetch(`${admin}${path}`, { headers })).text();
  const wrong = { authorization: `Bearer ${PLANTED.wrongToken}` };
  told['a wrong token'] = await (await fetch(`${admin}/api/v1/me`, { headers: wrong })).text();
  const login = { method: 'POST', headers: { 'content-type': 'application/json' } };
  told['a wrong login'] = await (
    await fetch(`${admin}/api/v1/login`, { ...login, body: JSON.stringify({ token: PLANTED.wrongToken }) })
  ).text();
  const good = await fetch(`${admin}/api/v1/login`, { ...login, body: JSON.stringify({ token }) });
  const session = /penstock_session=([^;]+)/.exec(good.headers.get('set-cookie') ?? '')?.[1] ?? '';
  expect(session).toHaveLength(43);
  for (const args of [
    ['get', '-o', 'yaml'],
    ['explain', 'rollout/fraud-v2'],
    ['audit', 'export'],
    ['token', 'list', '-f', join(folder.path, 'tokens.json')],
  ]) {
    const { stdout, stderr } = await command(...args);
    told[args.join(' ')] = stdout + stderr;
  }
  running.child.kill('SIGTERM');
  const ended = await running.ended;
  told.stdout = ended.stdout;
  told.stderr = ended.stderr;
  for (const name of readdirSync(join(folder.path, 'state')))
    told[`state/${name}`] = readFileSync(join(folder.path, 'state', name), 'latin1');

  const secrets = { ...PLANTED, ...keys, token: token.slice(13), session };
  const find = (wanted: Readonly<Record<string, string>>) =>
    Object.entries(told).flatMap(([where, text]) =>
      Object.entries(wanted).flatMap(([name, secret]) =>
        text.includes(secret) ? [`${name} in ${where}`] : [],
      ),
    );
  // What is no secret is found where it should be, so the search works.
  expect(find({ rollout: 'fraud-v2' })).toEqual(
    expect.arrayContaining([
      'rollout in /api/v1/rollouts',
      'rollout in explain rollout/fraud-v2',
      'rollout in state/penstock.db',
    ]),
  );
  expect(find(secrets)).toEqual([]);
  expect(Object.values(secrets).every((secret) => secret.length > 10)).toBe(true);
  process.stderr.write(
    `${Object.keys(secrets).length} secrets, searched in ${Object.keys(told).length} places\n`,
  );
});
