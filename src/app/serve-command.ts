import { Command, InvalidArgumentError, Option } from 'commander';
import { adminSecurityMistake } from './admin-security-options.ts';
import { addExtensionOptions, extensionMistake } from './extension-options.ts';
import { addIstioOptions, istioMistake } from './istio-options.ts';
import { meshSecurityMistake } from './mesh-security-options.ts';
import { readAddress, readCount, readDuration } from './option-values.ts';
import type { ServeOptions } from './serve-options.ts';
import { xdsSecurityMistake } from './xds-security-options.ts';

/** A year: who asks what happened asks late. */
const AUDIT_RETENTION_MS = 8_760 * 3_600_000;
/** A day: a stolen one is of little use for long, and an outage of a night loses nothing. */
const MESH_CERTIFICATE_MS = 24 * 3_600_000;
/** More than any machine has cores for. */
const MAX_WORKERS = 64;

/** `penstock serve`: the control plane, until it is told to stop. */
export function serveCommand(): Command {
  return addExtensionOptions(addIstioOptions(new Command('serve')))
    .description('run the control plane: read specs and signals, decide, and tell every sidecar')
    .option(
      '-f, --file <path>',
      'spec file or directory, followed while serving (repeatable)',
      collect,
      [] as readonly string[],
    )
    .option(
      '--kubernetes',
      'take the specs from a cluster, and keep the state there: several replicas, one decides',
      false,
    )
    .option('--kubeconfig <file>', 'how to reach the cluster; else as kubectl does, or as the pod may')
    .addOption(
      new Option('--namespace <name|all>', 'namespace of the specs')
        .default(undefined, 'all')
        .argParser((name) => (name === 'all' ? undefined : name)),
    )
    .addOption(
      new Option(
        '--own-namespace <name>',
        "namespace of the Lease and of the state; the pod's or the kubeconfig's own unless given",
      ).env('POD_NAMESPACE'),
    )
    .option(
      '--peer-address <host:port>',
      'where the other replicas tell what they see of their sidecars',
      readAddress,
      '127.0.0.1:0',
    )
    .addOption(
      new Option(
        '--advertise <host:port>',
        'where they reach it, such as the address of the pod; there unless given',
      )
        .env('PENSTOCK_ADVERTISE')
        .argParser(readAddress),
    )
    .addOption(
      new Option('--prometheus <url>', 'Prometheus to read; without one, load reports alone').env(
        'PENSTOCK_PROMETHEUS_URL',
      ),
    )
    .option('--prometheus-token-file <path>', 'file with the bearer token for Prometheus')
    .option('--prometheus-ca-file <path>', 'PEM file of the authority to trust for Prometheus')
    .addOption(
      new Option('--prometheus-timeout <duration>', 'longest time for one query')
        .argParser(readDuration('100ms'))
        .default(5000, '5s'),
    )
    .addOption(
      new Option('--consul <url>', 'Consul agent, for specs that find endpoints there').env(
        'CONSUL_HTTP_ADDR',
      ),
    )
    .option(
      '--state <dir>',
      'directory of the state that survives a restart; without one it is kept in memory',
    )
    .addOption(
      new Option('--audit-retention <duration>', 'how long the audit keeps an entry')
        .argParser(readDuration('1h'))
        .default(AUDIT_RETENTION_MS, '8760h'),
    )
    .option('--xds-address <host:port>', 'where sidecars connect', readAddress, '127.0.0.1:18000')
    .addOption(
      new Option(
        '--xds-workers <count>',
        'processes that serve sidecars behind that address; 1 is this process itself, which is enough for thousands',
      )
        .argParser(readCount(MAX_WORKERS))
        .default(1),
    )
    .option(
      '--xds-tls-cert <path>',
      'PEM file of the certificate that sidecars are shown, followed while serving',
    )
    .option('--xds-tls-key <path>', 'PEM file of its private key')
    .option(
      '--xds-client-ca <path>',
      "PEM file of the authorities of sidecars' certificates: each must then prove a SPIFFE ID",
    )
    .option('--xds-policy <path>', 'YAML file that says which identity may be which sidecar')
    .option('--xds-allow-plaintext', 'serve xDS without TLS on an address that is not loopback', false)
    .option('--mesh-ca-cert <path>', 'PEM file of the authority that issues the certificates of sidecars')
    .option('--mesh-ca-key <path>', 'PEM file of its private key, ECDSA P-256')
    .option(
      '--mesh-certificates <dir>',
      'instead of an authority: certificates as they are, ca.pem and NAME.pem with NAME.key for each identity',
    )
    .addOption(
      new Option('--mesh-certificate-lifetime <duration>', 'how long an issued certificate is valid')
        .argParser(readDuration('10s'))
        .default(MESH_CERTIFICATE_MS, '24h'),
    )
    .option(
      '--admin-address <host:port>',
      'where the API, the metrics and the dashboard are',
      readAddress,
      '127.0.0.1:18080',
    )
    .option('--admin-auth <path>', 'YAML file that says who may use them: tokens, OpenID Connect, Kubernetes')
    .option(
      '--admin-tls-cert <path>',
      'PEM file of the certificate that they are served with, followed while serving',
    )
    .option('--admin-tls-key <path>', 'PEM file of its private key')
    .option(
      '--admin-allow-anonymous',
      'let everybody who reaches an address that is not loopback do everything',
      false,
    )
    .addOption(
      new Option(
        '--fallback-cache <host:port>',
        'where `penstock fallback-cache` listens, as sidecars reach it; for policies with fallback.cached',
      ).argParser(readAddress),
    )
    .addOption(
      new Option(
        '--interval <duration>',
        'longest time between two looks; a rollout may ask for shorter ones',
      )
        .argParser(readDuration('50ms'))
        .default(1000, '1s'),
    )
    .addOption(
      new Option('--load-report-interval <duration>', 'how often sidecars report their load, 0s for never')
        .argParser(readDuration('0s'))
        .default(1000, '1s'),
    )
    .addOption(
      new Option(
        '--otlp-endpoint <url>',
        'collector of OpenTelemetry that gets a trace of each decision, such as http://127.0.0.1:4318',
      ).env('OTEL_EXPORTER_OTLP_ENDPOINT'),
    )
    .addOption(
      new Option('--log-level <level>', 'least severe message to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addHelpText(
      'after',
      `
Specs are followed: a changed file is in force within a second, and SIGHUP reads them at once. A file that becomes bad
leaves the last good configuration in force; \`penstock get\` and the metric penstock_specs_valid say so.

Examples:
  penstock serve -f fraud.yaml --prometheus http://127.0.0.1:9090 --state /var/lib/penstock
  penstock serve -f specs/ --admin-address 127.0.0.1:0
  penstock serve --kubernetes --prometheus http://prometheus.monitoring:9090`,
    )
    .action(async (options: ServeOptions) => {
      if (options.kubernetes === options.file.length > 0) {
        const wrong = options.kubernetes
          ? '--kubernetes and --file exclude each other'
          : 'no specs are named';
        throw new InvalidArgumentError(`${wrong}; give --file FILE, or --kubernetes`);
      }
      const mistake =
        xdsSecurityMistake(options) ??
        meshSecurityMistake(options) ??
        adminSecurityMistake(options) ??
        extensionMistake(options) ??
        istioMistake(options);
      if (mistake !== undefined) throw new InvalidArgumentError(mistake);
      // What no other command needs is not loaded for them.
      const { serve } = await import('./serve.ts');
      await serve(options);
    });
}

function collect(path: string, before: readonly string[] = []): readonly string[] {
  return [...before, path];
}
