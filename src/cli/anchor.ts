import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { AnchorIr } from '../core/ir/anchor.ts';
import { adoptedRules, findConflicts, inTheWay, refusedConflicts } from '../core/istio/conflicts.ts';
import { istioVersionProblem } from '../core/istio/istio-versions.ts';
import { type AnchorOptions, anchorObjects } from '../core/translate/istio/anchor.ts';
import { type AnchoredGateway, parseGateway } from '../core/translate/istio/anchored-gateway.ts';
import { BOOTSTRAP_ANNOTATION, BOOTSTRAP_NAME } from '../core/translate/istio/bootstrap-override.ts';
import type { IstioObject } from '../core/translate/istio/istio-object.ts';
import { readSpecTexts, UnreadableSpecError } from '../specs/spec-texts.ts';
import type { CheckStreams } from './check.ts';
import { NoObjects, parseIstioObjects } from './istio-objects.ts';

interface Options {
  readonly file: readonly string[];
  readonly istioVersion: string;
  readonly transport: 'static' | 'istio';
  readonly xds: { readonly host: string; readonly port: number };
  readonly clientNamespace?: readonly string[];
  readonly gateway?: readonly AnchoredGateway[];
  readonly against?: readonly string[];
  readonly adopt?: readonly string[];
  readonly output: 'yaml' | 'json';
}

/** Exit status: printed, refused for what is wrong or in the way, or the command could not be carried out. */
const status = { printed: 0, refused: 1, usage: 2 } as const;

/** `penstock anchor`: prints the objects that have Istio's sidecars follow Penstock beside istiod. */
export function anchorCommand(streams: CheckStreams = process): Command {
  return new Command('anchor')
    .description(
      "print the objects that have Istio's sidecars follow Penstock: apply them once, weights change without istiod",
    )
    .requiredOption(
      '-f, --file <path>',
      'a spec file, a directory, or - for standard input (repeatable)',
      repeated,
    )
    .option('--istio-version <version>', 'the version of Istio', parseIstioVersion, '1.31')
    .addOption(
      new Option(
        '--transport <kind>',
        "how sidecars reach Penstock: a static cluster, or istiod's with its mTLS",
      )
        .choices(['static', 'istio'])
        .default('static'),
    )
    .addOption(
      new Option('--xds <host:port>', 'where the sidecars find Penstock')
        .argParser(parseHostPort)
        .default(
          { host: 'penstock.penstock-system.svc.cluster.local', port: 18_000 },
          'penstock.penstock-system.svc.cluster.local:18000',
        ),
    )
    .option(
      '--client-namespace <name>',
      "where clients run (repeatable); Istio's root namespace means everywhere (default: the service's own)",
      repeated,
    )
    .option(
      '--gateway <namespace/label=value:port>',
      'the pods of a gateway and the port of its server: calls through it follow too (repeatable)',
      repeatedGateway,
    )
    .option(
      '--against <path>',
      'objects that are there already, as kubectl get -o yaml prints them: what is in the way is named (repeatable)',
      repeated,
    )
    .option('--adopt <object>', 'KIND/NAMESPACE/NAME: go on beside this object (repeatable)', repeated)
    .addOption(
      new Option('-o, --output <format>', 'how to print them').choices(['yaml', 'json']).default('yaml'),
    )
    .action(async (options: Options) => {
      process.exitCode = await runAnchor(options, streams);
    });
}

async function runAnchor(options: Options, streams: CheckStreams): Promise<number> {
  const say = (line: string) => streams.stderr.write(`penstock: ${line}\n`);
  try {
    const anchors = await readAnchors(options.file, streams);
    if (typeof anchors === 'string') {
      streams.stderr.write(anchors);
      return status.refused;
    }
    const existing = parseIstioObjects(await readSpecTexts(options.against ?? [], streams.stdin));
    const conflicts = findConflicts(
      anchors,
      anchorObjects(anchors, optionsOf(options)),
      existing,
      options.gateway,
    );
    const adopted = new Set(options.adopt ?? []);
    const refused = refusedConflicts(conflicts, adopted);
    for (const conflict of refused) say(inTheWay(conflict, `--adopt ${conflict.object}`));
    if (refused.length > 0) return status.refused;
    for (const { object, adopting } of conflicts) say(`${object} is adopted: ${adopting}`);
    const without = adoptedRules(conflicts, adopted);
    const objects = anchorObjects(anchors, { ...optionsOf(options), withoutDestinationRule: without });
    streams.stdout.write(options.output === 'json' ? asJson(objects) : asYaml(objects));
    for (const { service, notices } of anchors) for (const notice of notices) say(`${service.id}: ${notice}`);
    say(
      `to follow weights, pods need the annotation ${BOOTSTRAP_ANNOTATION}: ${BOOTSTRAP_NAME} and a restart`,
    );
    return status.printed;
  } catch (error) {
    if (!(error instanceof UnreadableSpecError || error instanceof NoObjects)) throw error;
    say(error.message);
    return status.usage;
  }
}

/** The anchors of all services, or what is wrong with the specs. */
async function readAnchors(
  paths: readonly string[],
  { stdin }: CheckStreams,
): Promise<readonly AnchorIr[] | string> {
  // Other commands need no schema, and need not wait for them.
  const { readSpecs } = await import('../core/api/read-specs.ts');
  const { formatProblem } = await import('../core/api/problem.ts');
  const { assembleAnchors } = await import('../core/assemble/assemble-anchor.ts');
  const { indexSpecs } = await import('../core/decide/spec-index.ts');
  const { valid, objects, problems } = readSpecs(await readSpecTexts(paths, stdin));
  if (!valid) return problems.map((problem) => `${formatProblem(problem)}\n`).join('');
  const anchors = assembleAnchors(indexSpecs(objects));
  return anchors.length > 0 ? anchors : 'penstock: there is no ModelService in these files\n';
}

function optionsOf({ transport, xds, clientNamespace, gateway }: Options): AnchorOptions {
  return {
    transport: { kind: transport, ...xds },
    clientNamespaces: clientNamespace ?? [],
    gateways: gateway ?? [],
  };
}

/** In YAML 1.1, which Kubernetes reads: there a bare `yes` is a boolean. */
function asYaml(objects: readonly IstioObject[]): string {
  return objects
    .map((object) => stringify(object, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n');
}

function asJson(items: readonly IstioObject[]): string {
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2)}\n`;
}

function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** One more gateway. @throws InvalidArgumentError where it is none */
export function repeatedGateway(
  value: string,
  before: readonly AnchoredGateway[] = [],
): readonly AnchoredGateway[] {
  const gateway = parseGateway(value);
  if (gateway === undefined)
    throw new InvalidArgumentError(
      'NAMESPACE/LABEL=VALUE:PORT is needed, such as istio-ingress/istio=ingressgateway:80.',
    );
  return [...before, gateway];
}

function parseIstioVersion(version: string): string {
  const problem = istioVersionProblem(version);
  if (problem !== undefined) throw new InvalidArgumentError(problem);
  return version;
}

function parseHostPort(given: string): { host: string; port: number } {
  const parts = /^([^:]+):(\d{1,5})$/.exec(given);
  const port = Number(parts?.[2]);
  if (parts?.[1] === undefined || port < 1 || port > 65_535)
    throw new InvalidArgumentError(
      'HOST:PORT is needed, such as penstock.penstock-system.svc.cluster.local:18000.',
    );
  return { host: parts[1], port };
}
