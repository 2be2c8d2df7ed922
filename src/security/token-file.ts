import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import * as z from 'zod';
import { type Person, ROLES, type Role } from '../core/security/roles.ts';

/** The file of tokens cannot be used; the message is for the user, and quotes nothing of it. */
class TokensRefused extends Error {
  override readonly name = 'TokensRefused';
}

const token = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{8}$/),
  name: z.string().min(1),
  role: z.enum(ROLES),
  /** SHA-256 of the secret: of 256 random bits no slower hash is needed. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
});
const fileSchema = z.strictObject({ tokens: z.array(token) });

export type StoredToken = z.output<typeof token>;

const SECRET_BYTES = 32;
const SHAPE = /^pst_([0-9a-f]{8})_([\w-]{43})$/;

/** The tokens of a file; a file that is not there has none. @throws {TokensRefused} */
export async function readTokens(file: string): Promise<readonly StoredToken[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new TokensRefused(`${file}: cannot be read`, { cause: error });
  }
  try {
    return fileSchema.parse(JSON.parse(text)).tokens;
  } catch {
    throw new TokensRefused(`${file}: is no file of tokens; make one with \`penstock token create\``);
  }
}

/**
 * Adds a token.
 * @returns the token itself, which is told once: the file keeps its hash
 */
export async function createToken(
  file: string,
  { name, role, now, expiresAt }: { name: string; role: Role; now: number; expiresAt: number | undefined },
): Promise<string> {
  const tokens = await readTokens(file);
  if (tokens.some((each) => each.name === name))
    throw new TokensRefused(
      `${file}: has a token named ${name} already; revoke it first, or choose another name`,
    );
  const id = randomBytes(4).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const stored = {
    ...{ id, name, role, hash: hashOf(secret), createdAt: new Date(now).toISOString() },
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
  };
  await writeTokens(file, [...tokens, stored]);
  return `pst_${id}_${secret}`;
}

/** Takes a token away, by its id or name. @throws {TokensRefused} there is none */
export async function revokeToken(file: string, which: string): Promise<StoredToken> {
  const tokens = await readTokens(file);
  const revoked = tokens.find(({ id, name }) => id === which || name === which);
  if (revoked === undefined) throw new TokensRefused(`${file}: has no token ${which}`);
  await writeTokens(
    file,
    tokens.filter((each) => each !== revoked),
  );
  return revoked;
}

/** Whose token it is; undefined: nobody's, or not any more. */
export function personOfToken(
  tokens: readonly StoredToken[],
  bearer: string,
  now: number,
): Person | undefined {
  const [, id = '', secret = ''] = SHAPE.exec(bearer) ?? [];
  const stored = tokens.find((each) => each.id === id);
  // Compared in any case, so that the time tells nothing of which ids there are.
  const isRight = timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(stored?.hash ?? hashOf(bearer)));
  if (!stored || !isRight) return undefined;
  if (stored.expiresAt !== undefined && Date.parse(stored.expiresAt) <= now) return undefined;
  return { name: stored.name, role: stored.role };
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whole or not at all, and readable by its owner alone. */
async function writeTokens(file: string, tokens: readonly StoredToken[]): Promise<void> {
  const next = `${file}.${process.pid}.next`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify({ tokens }, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}
