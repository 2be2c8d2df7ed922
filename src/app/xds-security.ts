import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { type AccessPolicy, PolicyRefused, parseAccessPolicy } from '../core/security/access-policy.ts';
import { type Credentials, isSameCredentials, readCredentials } from '../security/credential-files.ts';
import { followFiles } from '../security/follow-files.ts';
import type { XdsServer } from '../xds/contract.ts';
import type { NodeAccess } from './node-access.ts';
import type { ServeOptions } from './serve-options.ts';

/** Certificates that were replaced are in force after this long at most, ms. */
const LOOK_MS = 1_000;

/** What the options ask for, read and checked at the start. */
export interface XdsSecurity {
  readonly credentials: Credentials | undefined;
  readonly policy: AccessPolicy | undefined;
  /** Follows the files from here on. */
  follow(xds: XdsServer, access: NodeAccess, log: Logger): { close(): Promise<void> };
}

/** @throws where a file cannot be used; the message names it */
export async function openXdsSecurity(options: ServeOptions): Promise<XdsSecurity> {
  const { xdsTlsCert: cert, xdsTlsKey: key, xdsClientCa: clientCa, xdsPolicy } = options;
  const paths =
    cert === undefined || key === undefined
      ? undefined
      : { cert, key, ...(clientCa === undefined ? {} : { clientCa }) };
  const credentials = paths && (await readCredentials(paths));
  const policyText = xdsPolicy === undefined ? undefined : await readPolicy(xdsPolicy);
  const policy = policyText === undefined ? undefined : parseAccessPolicy(xdsPolicy ?? '', policyText);
  return {
    credentials,
    policy,
    follow(xds, access, log) {
      const followed = [
        ...(paths && credentials ? [followCertificates(paths, credentials, xds, log)] : []),
        ...(xdsPolicy !== undefined && policyText !== undefined
          ? [followPolicy(xdsPolicy, policyText, xds, access, log)]
          : []),
      ];
      return { close: async () => void (await Promise.all(followed.map((each) => each.close()))) };
    },
  };
}

function followCertificates(
  paths: Parameters<typeof readCredentials>[0],
  first: Credentials,
  xds: XdsServer,
  log: Logger,
) {
  return followFiles(first, {
    intervalMs: LOOK_MS,
    read: () => readCredentials(paths),
    isSame: isSameCredentials,
    apply: (next) => {
      xds.rotate(next);
      log.info({ cert: paths.cert }, 'the certificates of xDS were replaced; new connections use them');
    },
    onProblem: (error) =>
      log.error(`the replaced certificates of xDS cannot be used, the last good ones stay: ${error.message}`),
  });
}

function followPolicy(path: string, first: string, xds: XdsServer, access: NodeAccess, log: Logger) {
  return followFiles(first, {
    intervalMs: LOOK_MS,
    read: async () => {
      const text = await readPolicy(path);
      parseAccessPolicy(path, text);
      return text;
    },
    isSame: (before, after) => before === after,
    apply: (text) => {
      access.use(parseAccessPolicy(path, text));
      xds.admitAgain();
      log.info({ policy: path }, 'the edited policy of xDS is in force');
    },
    onProblem: (error) =>
      log.error(`the edited policy of xDS is not valid, the last good one stays: ${error.message}`),
  });
}

async function readPolicy(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new PolicyRefused(`${path}: cannot be read`, { cause: error });
  }
}
