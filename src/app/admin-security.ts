import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Logger } from 'pino';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Authenticator } from '../admin/authentication.ts';
import { ROLES } from '../core/security/roles.ts';
import { followFiles } from '../security/follow-files.ts';
import { personOfToken, readTokens } from '../security/token-file.ts';
import { TokenReviewer } from '../security/token-review.ts';

const LOOK_MS = 1_000;

const roles = z.partialRecord(z.enum(ROLES), z.array(z.string().min(1)));

const fileSchema = z
  .strictObject({
    tokens: z.string().optional().describe('The file that `penstock token create` keeps, beside this one.'),
    oidc: z
      .strictObject({
        issuer: z.url(),
        audience: z.string().min(1),
        nameClaim: z.string().default('email'),
        groupsClaim: z.string().default('groups'),
        roles,
      })
      .optional(),
    kubernetes: z
      .strictObject({
        server: z.url({ protocol: /^https$/ }).default('https://kubernetes.default.svc'),
        caFile: z.string().default('/var/run/secrets/kubernetes.io/serviceaccount/ca.crt'),
        tokenFile: z.string().default('/var/run/secrets/kubernetes.io/serviceaccount/token'),
        audiences: z.array(z.string()).default([]),
        roles,
      })
      .optional(),
    metrics: z.enum(['open', 'viewer']).default('open'),
  })
  .refine(
    ({ tokens, oidc, kubernetes }) => [tokens, oidc, kubernetes].some((each) => each !== undefined),
    'give at least one of tokens, oidc and kubernetes',
  );

/** The file of --admin-auth cannot be used. */
class AdminAuthRefused extends Error {
  override readonly name = 'AdminAuthRefused';
}

export interface AdminSecurity {
  readonly authenticator: Authenticator;
  readonly openMetrics: boolean;
  close(): Promise<void>;
}

/**
 * Reads who may use the HTTP API. Files in it are beside it, or absolute. Tokens are followed; what else it says is
 * read at the start.
 * @throws {AdminAuthRefused} and what tokens and issuers are refused with
 */
export async function openAdminSecurity(file: string, log: Logger): Promise<AdminSecurity> {
  const settings = await readSettings(file);
  const { oidc, kubernetes } = settings;
  const tokens =
    settings.tokens === undefined ? undefined : await followTokens(beside(file, settings.tokens), log);
  const issuer = oidc && new (await import('../security/oidc.ts')).OidcIssuer(oidc);
  const reviewer =
    kubernetes &&
    new TokenReviewer(
      {
        ...kubernetes,
        caFile: beside(file, kubernetes.caFile),
        tokenFile: beside(file, kubernetes.tokenFile),
      },
      Date.now,
    );
  return {
    authenticator: {
      async personOf(bearer) {
        if (bearer.startsWith('pst_')) return tokens?.personOf(bearer);
        for (const source of [issuer, reviewer]) {
          const person = await source?.personOf(bearer).catch((error: unknown) => {
            log.error(`a credential could not be checked: ${error instanceof Error ? error.message : error}`);
            return undefined;
          });
          if (person) return person;
        }
        return undefined;
      },
    },
    openMetrics: settings.metrics === 'open',
    close: async () => tokens?.close(),
  };
}

async function followTokens(path: string, log: Logger) {
  let current = await readTokens(path);
  const files = followFiles(current, {
    intervalMs: LOOK_MS,
    read: () => readTokens(path),
    isSame: (before, after) => JSON.stringify(before) === JSON.stringify(after),
    apply: (next) => {
      current = next;
      log.info({ tokens: next.length }, 'the tokens of the HTTP API changed');
    },
    onProblem: (error) =>
      log.error(`the tokens cannot be read, those before stay in force: ${error.message}`),
  });
  return {
    personOf: (bearer: string) => personOfToken(current, bearer, Date.now()),
    close: () => files.close(),
  };
}

async function readSettings(file: string): Promise<z.output<typeof fileSchema>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new AdminAuthRefused(`${file}: cannot be read`, { cause: error });
  });
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new AdminAuthRefused(`${file}: is not YAML`, { cause: error });
  }
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map(
    ({ path, message }) => `${file}: ${path.join('.') || '(document)'}: ${message}`,
  );
  throw new AdminAuthRefused(lines.join('\n'));
}

function beside(file: string, path: string): string {
  return resolve(dirname(file), path);
}
