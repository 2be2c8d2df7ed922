import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenReviewer } from '../../src/security/token-review.ts';
import { ApiServer } from './api-server.ts';

let server: ApiServer;
let tokenFile: string;

beforeAll(async () => {
  server = await ApiServer.start();
  tokenFile = join(server.folder, 'reviewer.token');
  for (const name of ['penstock', 'deployer', 'stranger']) await kubectl('create', 'serviceaccount', name);
  await kubectl(
    ...['create', 'clusterrolebinding', 'penstock-reviews'],
    ...['--clusterrole=system:auth-delegator', '--serviceaccount=default:penstock'],
  );
  writeFileSync(tokenFile, await token('penstock'));
});
afterAll(() => server?.stop());

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await server.kubectl(args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

const token = (account: string, ...args: readonly string[]) => kubectl('create', 'token', account, ...args);

function reviewer(more: Partial<ConstructorParameters<typeof TokenReviewer>[0]> = {}): TokenReviewer {
  const options = {
    server: server.url,
    caFile: server.authority.caFile,
    tokenFile,
    audiences: [],
    roles: {
      operator: ['system:serviceaccount:default:deployer'],
      viewer: ['system:serviceaccounts:nobody'],
    },
    ...more,
  };
  return new TokenReviewer(options, Date.now);
}

describe('with a real API server', () => {
  it('a service account has the role that its name or its group stands for', async () => {
    const deployer = await token('deployer');
    const name = 'system:serviceaccount:default:deployer';
    expect(await reviewer().personOf(deployer)).toEqual({ name, role: 'operator' });
    const byGroup = reviewer({ roles: { viewer: ['system:serviceaccounts:default'] } });
    expect(await byGroup.personOf(deployer)).toEqual({ name, role: 'viewer' });
  });

  it('nobody else has one', async () => {
    expect(await reviewer().personOf(await token('stranger'))).toBeUndefined();
    expect(await reviewer().personOf('nonsense')).toBeUndefined();
    const [head = '', body = ''] = (await token('deployer')).split('.');
    expect(await reviewer().personOf(`${head}.${body}.AAAA`)).toBeUndefined();
  });

  it('a token must be for the audience that is asked for', async () => {
    const ours = { audiences: ['penstock'] };
    expect(await reviewer(ours).personOf(await token('deployer', '--audience=penstock'))).toBeDefined();
    expect(await reviewer(ours).personOf(await token('deployer'))).toBeUndefined();
  });

  it('a reviewer that may not review says so, and believes nobody', async () => {
    writeFileSync(join(server.folder, 'stranger.token'), await token('stranger'));
    const stranger = reviewer({ tokenFile: join(server.folder, 'stranger.token') });
    await expect(stranger.personOf(await token('deployer'))).rejects.toThrow('TokenReview answered 403');
  });
});
