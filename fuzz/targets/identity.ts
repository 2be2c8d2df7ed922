import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { identityOfUris, matchesIdentity } from '../../src/core/security/spiffe.ts';
import { CertificateAuthority, createAuthority } from '../../src/security/certificate-authority.ts';
import { certificatesIn } from '../../src/security/credential-files.ts';
import { OidcIssuer } from '../../src/security/oidc.ts';
import { personOfToken } from '../../src/security/token-file.ts';
import { promise, type Target, texts } from '../target.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();

const authority = await createAuthority('Penstock', NOW, DAY_MS);
const issued = await (await CertificateAuthority.open(authority)).issue({
  uris: ['spiffe://mesh.example/ns/default/sa/fraud'],
  now: NOW,
  validForMs: DAY_MS,
});

const SECRET = 'A'.repeat(43);
const TOKEN = `pst_0123abcd_${SECRET}`;
const STORED = {
  id: '0123abcd',
  name: 'ci',
  role: 'operator',
  hash: createHash('sha256').update(SECRET).digest('hex'),
  createdAt: new Date(NOW).toISOString(),
} as const;

const AUDIENCE = 'penstock';
const { issuer, token: signed } = await issuerOf();

/** An issuer with one key, and a token that it gave. */
async function issuerOf(): Promise<{ issuer: OidcIssuer; token: string }> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }];
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}`;
    const body = request.url === '/keys' ? { keys } : { issuer: url, jwks_uri: `${url}/keys` };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const token = await new SignJWT({ email: 'ada@example.com', groups: ['ml'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .setIssuer(url)
    .setAudience(AUDIENCE)
    .setSubject('ada')
    .setExpirationTime('30d')
    .sign(privateKey);
  const roles = { viewer: ['everybody'], operator: ['ml'], admin: ['sre'] };
  const mapping = { issuer: url, audience: AUDIENCE, nameClaim: 'email', groupsClaim: 'groups', roles };
  return { issuer: new OidcIssuer(mapping), token };
}

class NobodyNamed extends Error {
  override readonly name = 'NobodyNamed';
}

/** Whoever is believed is who the issuer named, in the role that it gave. */
async function believe(bytes: Buffer): Promise<void> {
  const person = await issuer.personOf(bytes.toString('latin1'));
  if (person === undefined) throw new NobodyNamed();
  promise(
    person.name === 'ada@example.com' && person.role === 'operator',
    'nobody is believed beyond a signature',
  );
}

function identify(bytes: Buffer): void {
  const [pattern = '', ...uris] = bytes.toString().split('\n');
  const identity = identityOfUris(uris);
  if ('refused' in identity) throw new NobodyNamed();
  if (!matchesIdentity(pattern, identity.id)) return;
  promise(pattern.split('/')[2] === identity.id.split('/')[2], 'no pattern spans trust domains');
}

/** What says who somebody is: certificates, names in them, tokens. */
export const IDENTITY_TARGETS: readonly Target[] = [
  {
    name: 'spiffe-identity',
    seeds: texts('spiffe://mesh.example/ns/*/**\nspiffe://mesh.example/ns/default/sa/fraud'),
    read: identify,
    refuses: ['NobodyNamed'],
  },
  {
    name: 'penstock-token',
    seeds: texts(TOKEN),
    read: (bytes) => {
      const bearer = bytes.toString('latin1');
      if (personOfToken([STORED], bearer, NOW) === undefined) throw new NobodyNamed();
      promise(bearer === TOKEN, 'only the token itself is believed');
    },
    refuses: ['NobodyNamed'],
  },
  { name: 'oidc-token', seeds: texts(signed), read: believe, refuses: ['NobodyNamed'] },
  {
    name: 'certificates',
    seeds: texts(issued.cert, authority.cert),
    read: (bytes) => {
      for (const { subjectAltName, validTo } of certificatesIn('fuzz.pem', bytes))
        promise(typeof validTo === 'string' && subjectAltName !== null, 'a certificate says what it is for');
    },
    refuses: ['CredentialsRefused'],
  },
];
