import { type Command, Option } from 'commander';
import { repeatedGateway } from '../cli/anchor.ts';
import type { AnchoredGateway } from '../core/translate/istio/anchored-gateway.ts';
import { readAddress } from './option-values.ts';

/** What `penstock serve` can be told about Istio's sidecars. */
export interface IstioOptions {
  /** What is done about anchors in the cluster; undefined: nothing. */
  readonly istio?: 'apply' | 'remove';
  readonly istioTransport: 'static' | 'istio';
  /** `HOST:PORT` */
  readonly istioXds: string;
  readonly istioClientNamespace: readonly string[];
  readonly istioWithoutRestart: boolean;
  readonly istioGateway?: readonly AnchoredGateway[];
}

const NOT_ONE: readonly string[] = [];

/** Adds the options of anchors to `serve`. */
export function addIstioOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--istio <what>',
        "apply: keep the objects in the cluster that tie Istio's sidecars to Penstock (see penstock anchor); remove: take them away",
      ).choices(['apply', 'remove']),
    )
    .addOption(
      new Option(
        '--istio-transport <kind>',
        "how Istio's sidecars reach Penstock: a static cluster, or istiod's with its mTLS",
      )
        .choices(['static', 'istio'])
        .default('static'),
    )
    .option(
      '--istio-xds <host:port>',
      "where Istio's sidecars find Penstock",
      readAddress,
      'penstock.penstock-system.svc.cluster.local:18000',
    )
    .option(
      '--istio-client-namespace <name>',
      "where clients run (repeatable); Istio's root namespace means everywhere; each service's own unless given",
      (name: string, before: readonly string[]) => [...before, name],
      NOT_ONE,
    )
    .option(
      '--istio-without-restart',
      'write what is decided into the EnvoyFilters too, for pods without the bootstrap: istiod pushes every change',
      false,
    )
    .option(
      '--istio-gateway <namespace/label=value:port>',
      'the pods of a gateway and the port of its server: calls through it follow too (repeatable)',
      repeatedGateway,
    );
}

/** Why these options cannot stand together; undefined: they can. */
export function istioMistake({
  istio,
  kubernetes,
}: IstioOptions & { readonly kubernetes: boolean }): string | undefined {
  return istio !== undefined && !kubernetes
    ? '--istio needs --kubernetes; with files, apply what `penstock anchor` prints'
    : undefined;
}
