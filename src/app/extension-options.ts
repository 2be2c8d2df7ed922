import { type Command, Option } from 'commander';
import { parseDuration } from '../core/api/duration.ts';
import { readAddress, readDuration } from './option-values.ts';

/** What `penstock serve` can be told about webhooks and external metrics. Durations are ms. */
export interface ExtensionOptions {
  readonly extensionAddress?: string;
  readonly extensionName: string;
  readonly extensionCertFile?: string;
  readonly extensionKeyFile?: string;
  readonly extensionAuthorityValidity: number;
  readonly extensionRefresh: number;
  readonly injectionConfig?: string;
}

/** A year; a new authority is made four months before it is over. */
const AUTHORITY_VALID_MS = parseDuration('8760h') ?? 0;
const REFRESH_MS = 30_000;

/** Adds the options of the webhooks and the external metrics to `serve`. */
export function addExtensionOptions(command: Command): Command {
  return command
    .option(
      '--extension-address <host:port>',
      'where the API server of a cluster asks for webhooks and external metrics, by HTTPS; none unless given',
      readAddress,
    )
    .option(
      '--extension-name <name>',
      'the Service and the webhook configurations that lead there',
      'penstock',
    )
    .option(
      '--extension-cert-file <path>',
      'PEM file of its certificate, where somebody else issues it; otherwise an authority of our own does',
    )
    .option('--extension-key-file <path>', 'PEM file of its private key')
    .addOption(
      new Option('--extension-authority-validity <duration>', 'how long an authority of our own is valid')
        .argParser(readDuration('10s'))
        .default(AUTHORITY_VALID_MS, '8760h'),
    )
    .addOption(
      new Option('--extension-refresh <duration>', 'how often certificates are looked after')
        .argParser(readDuration('100ms'))
        .default(REFRESH_MS, '30s'),
    )
    .option('--injection-config <path>', 'YAML file of what all injected sidecars have in common');
}

/** Why these options cannot stand together; undefined: they can. */
export function extensionMistake(options: ExtensionOptions): string | undefined {
  const { extensionAddress, extensionCertFile, extensionKeyFile, injectionConfig } = options;
  if ((extensionCertFile === undefined) !== (extensionKeyFile === undefined))
    return 'give --extension-cert-file and --extension-key-file together';
  if (extensionAddress === undefined && (extensionCertFile ?? injectionConfig) !== undefined)
    return '--extension-cert-file and --injection-config need --extension-address';
  return undefined;
}
