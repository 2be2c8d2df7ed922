import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { NodeDescriptor } from '../core/ir/node.ts';
import { bootstrap } from '../core/translate/bootstrap.ts';

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
  readonly nodeId?: string;
  readonly zone?: string;
  readonly envoyAdminPort: number;
  readonly envoyAdminAddress: string;
  readonly sourceAddress?: string;
  readonly loadReports: boolean;
  readonly pushLatencies?: true;
  readonly accessLog?: true;
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
    .addOption(
      new Option('-o, --output <format>', 'how to print it').choices(['yaml', 'json']).default('yaml'),
    )
    .action(function (this: Command, options: Options) {
      if (options.service === undefined) {
        if (options.version !== undefined)
          this.error('error: --version needs --service: sidecars of clients serve no version');
        if (options.appPort !== undefined)
          this.error('error: --app-port needs --service: sidecars of clients have no model server');
      }
      process.stdout.write(render(options));
    });
}

function render(options: Options): string {
  const node = nodeOf(options);
  const config = bootstrap({
    nodeId: options.nodeId ?? newNodeId(node),
    node,
    xds: options.xds,
    adminAddress: options.envoyAdminAddress,
    adminPort: options.envoyAdminPort,
    loadReports: options.loadReports,
    pushLatencies: options.pushLatencies === true,
    ...(options.zone === undefined ? {} : { zone: options.zone }),
    ...(options.sourceAddress === undefined ? {} : { sourceAddress: options.sourceAddress }),
  });
  return options.output === 'json'
    ? `${JSON.stringify(config, undefined, 2)}\n`
    : stringify(config, { aliasDuplicateObjects: false });
}

type SidecarNode = NodeDescriptor & { readonly kind: 'inbound' | 'outbound' };

function nodeOf(options: Options): SidecarNode {
  const accessLog = options.accessLog === true ? { accessLog: true } : {};
  if (options.service === undefined) {
    return {
      kind: 'outbound',
      address: options.address ?? '127.0.0.1',
      port: options.port ?? DEFAULT_OUTBOUND_PORT,
      ...accessLog,
    };
  }
  return {
    kind: 'inbound',
    service: options.service,
    version: options.version ?? DEFAULT_VERSION,
    address: options.address ?? '0.0.0.0',
    port: options.port ?? DEFAULT_INBOUND_PORT,
    appPort: options.appPort ?? DEFAULT_APP_PORT,
    ...accessLog,
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

function parseHostPort(given: string): { host: string; port: number } {
  const parts = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(given);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined) throw new InvalidArgumentError('HOST:PORT is needed, such as 127.0.0.1:18000.');
  return { host, port: parsePort(parts?.[3] ?? '') };
}
