import { isIP } from 'node:net';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';
import type { Controller } from '../controller/controller.ts';
import type { ApiObject } from '../core/api/kinds.ts';
import type { DemandSample } from '../core/external-metrics/metric-values.ts';
import { ApiClient } from '../kubernetes/api-client.ts';
import { AuthoritySecret } from '../kubernetes/extension/authority-secret.ts';
import { type CertificateSource, CredentialsKeeper } from '../kubernetes/extension/credentials-keeper.ts';
import { readInjectionConfig } from '../kubernetes/extension/injection-config.ts';
import { type ExtensionServer, type ExtensionTls, serveExtension } from '../kubernetes/extension/server.ts';
import { CertificateAuthority, createAuthority } from '../security/certificate-authority.ts';
import { readCredentials } from '../security/credential-files.ts';
import type { ServeOptions } from './serve-options.ts';

export interface ExtensionParts {
  readonly controller: Controller;
  readonly registry: Registry;
  readonly log: Logger;
}

/** What is offered is told for so long after it was measured; replicas that lead keep it a few seconds late. */
const FRESH_MS = 30_000;
/** As the plain manifests have it. */
const DEFAULT_NAMESPACE = 'penstock-system';
/** Certificates of servers are renewed long before this is over. */
const CERTIFICATE_VALID_MS = 7 * 86_400_000;

/**
 * Serves the webhooks and the external metrics as soon as there is a certificate for them, and goes on trying to get
 * one for as long as there is none.
 * @throws when the settings of the injection cannot be read
 */
export async function openExtension(
  address: string,
  options: ServeOptions,
  { controller, registry, log }: ExtensionParts,
): Promise<AsyncDisposable> {
  const client = ApiClient.open(options.kubeconfig);
  const injection = await readInjectionConfig(options.injectionConfig);
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  const answers = new Counter({
    name: 'penstock_admission_answers_total',
    help: 'Answers to the API server, by webhook and outcome.',
    labelNames: ['webhook', 'outcome'],
    registers: [registry],
  });
  let server: ExtensionServer | undefined;
  let starting: Promise<void> = Promise.resolve();
  const start = async (tls: ExtensionTls) => {
    if (server !== undefined) return server.renew(tls);
    server = await serveExtension({
      host: host.replace(/^\[|\]$/g, ''),
      port: Number(port),
      tls,
      injection: () => injection,
      objects: () => objectsOf(controller),
      answered: (webhook, outcome) => answers.inc({ webhook, outcome }),
      demand: () => demandOf(controller, Date.now()),
    });
    log.info({ extension: `${host}:${server.port}` }, 'serving webhooks and external metrics');
  };
  const keeper = new CredentialsKeeper({
    client,
    source: certificateSource(client, options, host),
    everyMs: options.extensionRefresh,
    now: Date.now,
    onChange: (tls) => {
      starting = starting
        .then(() => start(tls))
        .catch((error) => log.error({ err: error }, 'webhooks and external metrics cannot be served'));
    },
    onTrouble: (message) =>
      message === undefined
        ? log.info('the credentials of the webhooks are fresh again')
        : log.warn(`the credentials of the webhooks cannot be refreshed: ${message}`),
  });
  return {
    async [Symbol.asyncDispose]() {
      keeper.close();
      await starting;
      await server?.close();
      client.close();
    },
  };
}

function certificateSource(client: ApiClient, options: ServeOptions, host: string): CertificateSource {
  const { extensionName: name } = options;
  const namespace = options.ownNamespace ?? client.namespace ?? DEFAULT_NAMESPACE;
  const { extensionCertFile: cert, extensionKeyFile: key, extensionAuthorityValidity: validForMs } = options;
  if (cert !== undefined && key !== undefined) {
    const read = async () => {
      const found = await readCredentials({ cert, key });
      return { cert: found.cert.toString(), key: found.key.toString() };
    };
    return { kind: 'given', read };
  }
  const dnsNames = [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
  const addresses = isIP(host) === 0 || host === '0.0.0.0' || host === '::' ? [] : [host];
  return {
    kind: 'own',
    name,
    secret: new AuthoritySecret(client, {
      namespace,
      name: `${name}-authority`,
      create: (nowMs, forMs) => createAuthority('Penstock webhooks', nowMs, forMs),
      validForMs,
    }),
    async issue(authority, now, forMs) {
      const open = await CertificateAuthority.open(authority);
      return open.issue({ dnsNames, addresses, now, validForMs: forMs });
    },
    validForMs: Math.min(CERTIFICATE_VALID_MS, validForMs),
  };
}

function objectsOf({ specs }: Controller): readonly ApiObject[] {
  const { services, rollouts, policies, templates } = specs;
  return [...services.values(), ...rollouts.values(), ...policies.values(), ...templates];
}

/** As it was decided last, here or by the replica that leads: both are in the state. */
function demandOf(controller: Controller, nowMs: number): readonly DemandSample[] {
  const { services, policies } = controller.specs;
  return [...services].flatMap(([id, { metadata }]) => {
    const perReplica = policies.get(id)?.spec.scaling?.requestsPerSecondPerReplica;
    if (perReplica === undefined) return [];
    const { versions, lastMs } = controller.stateOf(id).demand;
    return Object.entries(versions).flatMap(([version, { offered, knownMs, replicas }]) =>
      replicas === undefined
        ? []
        : [
            {
              namespace: metadata.namespace,
              service: metadata.name,
              version,
              offeredPerSecond: nowMs - knownMs <= FRESH_MS ? offered : undefined,
              demandPerSecond: replicas * perReplica,
              replicas,
              at: lastMs,
            },
          ],
    );
  });
}
