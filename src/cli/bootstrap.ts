import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { NodeDescriptor } from '../core/ir/node.ts';
import { bootstrap } from '../core/translate/bootstrap.ts';
import { type SidecarTls, sidecarSecrets } from '../core/translate/bootstrap-tls.ts';
import {
  DEFAULT_TRACED,
  parseOtlpEndpoint,
  parseTraced,
  type SpanExport,
} from '../core/translate/otlp-endpoint.ts';

const DEFAULT_INBOUND_PORT = 9000;
const DEFAULT_OUTBOUND_PORT = 15_001;
const DEFAULT_APP_PORT = 9001;
const DEFAULT_VERSION = 'v1';

interface Options {
  readonly service?: string;
  readonly version?: string;
  readonly address?: string;
  readonly port?: number;
  readonly appPort?: number;
  readonly xds: { readonly host: string; readonly port: number };
  readonly xdsCa?: string;
  readonly xdsServerName?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly secrets?: string;
  readonly mtls?: 'strict' | 'permissive';
  readonly caller?: readonly string[];
  readonly nodeId?: string;
  readonly zone?: string;
  readonly envoyAdminPort: number;
  readonly envoyAdminAddress: string;
  readonly sourceAddress?: string;
  readonly loadReports: boolean;
  readonly pushLatencies?: true;
  readonly accessLog?: true;
  readonly otlpEndpoint?: SpanExport['otlp'];
  readonly traced?: number;
  readonly output: 'yaml' | 'json';
}

/** `penstock bootstrap`: prints the bootstrap of an Envoy, for a model server or for clients. */
export function bootstrapCommand(): Command {
  return new Command('bootstrap')
    .description('print the bootstrap of an Envoy: in front of a model server, or beside its clients')
    .option(
      '--service <name>',
      'the service of the model server, [NAMESPACE/]NAME; none: a sidecar of clients',
      parseService,
    )
    .option('--version <name>', `the version that the model server serves (default: "${DEFAULT_VERSION}")`)
    .option(
      '--address <ip>',
      'where to listen (default: all addresses for a model server, loopback for clients)',
      parseIp,
    )
    .option(
      '--port <n>',
      `where to listen (default: ${DEFAULT_INBOUND_PORT} for a model server, ${DEFAULT_OUTBOUND_PORT} for clients)`,
      parsePort,
    )
    .option('--app-port <n>', `the model server's port on loopback (default: ${DEFAULT_APP_PORT})`, parsePort)
    .addOption(
      new Option('--xds <host:port>', 'where the control plane serves xDS')
        .argParser(parseHostPort)
        .default({ host: '127.0.0.1', port: 18_000 }, '127.0.0.1:18000'),
    )
    .option('--xds-ca <path>', "speak TLS to the control plane; PEM file of its certificate's authorities")
    .option(
      '--xds-server-name <name>',
      "what the control plane's certificate names: DNS name, IP address or SPIFFE ID (default: the host of --xds)",
    )
    .option('--tls-cert <path>', 'PEM file of the certificate that proves who the sidecar is, a SPIFFE ID')
    .option('--tls-key <path>', 'PEM file of its private key')
    .option(
      '--secrets <dir>',
      'write there which certificate files to use: Envoy then follows these, and rotates without a restart',
    )
    .addOption(
      new Option(
        '--mtls <mode>',
        'take calls over mutual TLS, with certificates from the control plane; permissive: in plaintext too',
      ).choices(['strict', 'permissive']),
    )
    .option(
      '--caller <spiffe-id>',
      'who may call over mutual TLS, * for a segment of the path (repeatable; default: every identity of the mesh)',
      (id: string, before: readonly string[] = []) => [...before, id],
    )
    .option('--node-id <id>', 'the name of this sidecar, unique in the mesh (default: a new one each time)')
    .option('--zone <name>', 'the zone that this sidecar is in')
    .option('--envoy-admin-port <n>', "the port of Envoy's own administration and metrics", parsePort, 9901)
    .option(
      '--envoy-admin-address <ip>',
      "the address of Envoy's own administration and metrics",
      parseIp,
      '127.0.0.1',
    )
    .option('--source-address <ip>', 'call from this local address', parseIp)
    .option('--no-load-reports', 'do not report load to the control plane')
    .option(
      '--push-latencies',
      'push statistics to the control plane each second: gates read latencies without Prometheus',
    )
    .option('--access-log', 'write one JSON line a request to stdout')
    .option(
      '--otlp-endpoint <url>',
      'send a span of each traced call, with the version that answered, to this collector: http://HOST:4318',
      parseHttpUrl,
    )
    .option(
      '--traced <percent>',
      `how many of the calls are traced that do not say so themselves (default: ${DEFAULT_TRACED})`,
      parsePercent,
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['yaml', 'json']).default('yaml'),
    )
    .action(function (this: Command, options: Options) {
      if (options.service === undefined) {
        if (options.version !== undefined)
          this.error('error: --version needs --service: sidecars of clients serve no version');
        if (options.mtls !== undefined)
          this.error('error: --mtls needs --service: callers use it for the services whose spec says so');
        if (options.appPort !== undefined)
          this.error('error: --app-port needs --service: sidecars of clients have no model server');
      }
      if (options.traced !== undefined && options.otlpEndpoint === undefined)
        this.error('error: --traced needs --otlp-endpoint: where the spans go');
      const mistake = tlsMistake(options);
      if (mistake !== undefined) this.error(`error: ${mistake}`);
      const tls = tlsOf(options);
      if (tls?.secretsFolder !== undefined) writeSecrets(tls.secretsFolder, tls);
      process.stdout.write(render(options, tls));
    });
}

function writeSecrets(folder: string, tls: SidecarTls): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, secret] of sidecarSecrets(tls))
    writeFileSync(join(folder, name), `${JSON.stringify(secret, undefined, 2)}\n`);
}

function tlsMistake(options: Options): string | undefined {
  const { xdsCa, xdsServerName, tlsCert, tlsKey, secrets, mtls, caller } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) return 'give --tls-cert and --tls-key together';
  const needsCa = {
    '--xds-server-name': xdsServerName,
    '--tls-cert': tlsCert,
    '--secrets': secrets,
  };
  const [option] = Object.entries(needsCa).find(([, value]) => value !== undefined) ?? [];
  if (caller !== undefined && mtls === undefined) return '--caller needs --mtls';
  if (mtls !== undefined && tlsCert === undefined)
    return '--mtls needs --tls-cert and --tls-key: the control plane gives certificates to who proves an identity';
  return xdsCa === undefined && option !== undefined ? `${option} needs --xds-ca` : undefined;
}

function tlsOf({ xds, xdsCa, xdsServerName, tlsCert, tlsKey, secrets }: Options): SidecarTls | undefined {
  if (xdsCa === undefined) return undefined;
  return {
    ca: xdsCa,
    own: tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey },
    serverName: xdsServerName ?? xds.host,
    secretsFolder: secrets,
  };
}

function render(options: Options, tls: SidecarTls | undefined): string {
  const node = nodeOf(options);
  const config = bootstrap({
    nodeId: options.nodeId ?? newNodeId(node),
    node,
    xds: options.xds,
    adminAddress: options.envoyAdminAddress,
    adminPort: options.envoyAdminPort,
    loadReports: options.loadReports,
    pushLatencies: options.pushLatencies === true,
    ...(options.otlpEndpoint && { otlp: options.otlpEndpoint }),
    ...(tls && { tls }),
    ...(options.zone === undefined ? {} : { zone: options.zone }),
    ...(options.sourceAddress === undefined ? {} : { sourceAddress: options.sourceAddress }),
  });
  return options.output === 'json'
    ? `${JSON.stringify(config, undefined, 2)}\n`
    : stringify(config, { aliasDuplicateObjects: false });
}

type SidecarNode = NodeDescriptor & { readonly kind: 'inbound' | 'outbound' };

function nodeOf(options: Options): SidecarNode {
  const watched = {
    ...(options.accessLog === true ? { accessLog: true } : {}),
    ...(options.otlpEndpoint && { traced: options.traced ?? DEFAULT_TRACED }),
  };
  if (options.service === undefined) {
    return {
      kind: 'outbound',
      address: options.address ?? '127.0.0.1',
      port: options.port ?? DEFAULT_OUTBOUND_PORT,
      ...watched,
    };
  }
  return {
    kind: 'inbound',
    service: options.service,
    version: options.version ?? DEFAULT_VERSION,
    address: options.address ?? '0.0.0.0',
    port: options.port ?? DEFAULT_INBOUND_PORT,
    appPort: options.appPort ?? DEFAULT_APP_PORT,
    ...(options.mtls && { mtls: { mode: options.mtls, callers: options.caller ?? [] } }),
    ...watched,
  };
}

/** Says what the sidecar is, and is never the same twice. */
function newNodeId(node: SidecarNode): string {
  const what = node.kind === 'inbound' ? `${node.service.replace('/', '.')}.${node.version}` : 'clients';
  return `${node.kind}.${what}.${randomUUID()}`;
}

function parseService(given: string): string {
  const full = given.includes('/') ? given : `default/${given}`;
  if (!/^[a-z0-9-]+\/[a-z0-9-]+$/.test(full))
    throw new InvalidArgumentError('NAME or NAMESPACE/NAME, such as fraud.');
  return full;
}

function parsePort(given: string): number {
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('A port is 1 to 65535.');
  return port;
}

function parseIp(given: string): string {
  if (isIP(given) === 0) throw new InvalidArgumentError('An IP address is needed, such as 127.0.0.1.');
  return given;
}

function parseHttpUrl(given: string): SpanExport['otlp'] {
  const endpoint = parseOtlpEndpoint(given);
  if (endpoint === undefined)
    throw new InvalidArgumentError('http://HOST:PORT is needed, such as http://127.0.0.1:4318.');
  return endpoint;
}

function parsePercent(given: string): number {
  const percent = parseTraced(given);
  if (percent === undefined) throw new InvalidArgumentError('A percentage is above 0, at most 100.');
  return percent;
}

function parseHostPort(given: string): { host: string; port: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(given);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined) throw new InvalidArgumentError('HOST:PORT is needed, such as 127.0.0.1:18000.');
  return { host, port: parsePort(parts?.[3] ?? '') };
}
