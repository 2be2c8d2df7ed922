import { InvalidArgumentError } from 'commander';
import { type Fault, parseFault } from '../faults/fault.ts';
import { parseVersions, type VersionPolicy } from '../repository/order.ts';

/** The models to serve, each with its versions where they are named. */
export type ModelChoice = Map<string, VersionPolicy | undefined>;

/** Adds `NAME` or `NAME:VERSION` to what has been chosen so far. */
export function collectModels(text: string, models: ModelChoice): ModelChoice {
  const [model = '', version, ...rest] = text.split(':');
  if (model === '' || version === '' || rest.length > 0) {
    throw new InvalidArgumentError('expected NAME or NAME:VERSION, such as digits:v1');
  }
  const before = models.get(model);
  if (version === undefined) return models.set(model, before);
  const versions = before?.kind === 'specific' ? before.versions : [];
  return models.set(model, { kind: 'specific', versions: [...versions, version] });
}

/** Reads `latest`, `latest=N` or `all`. */
export function parsePolicy(text: string): VersionPolicy {
  const policy = parseVersions(text);
  if (policy.kind === 'specific') throw new InvalidArgumentError('expected latest, latest=N or all');
  return policy;
}

/** Reads a port, 0 for any free one. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError('expected 0…65535');
  return port;
}

/** Reads a whole number of at least 1. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1');
  return value;
}

/** Reads a number of at least 0. */
export function parseAmount(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0)) throw new InvalidArgumentError('expected a number of at least 0');
  return value;
}

/** Reads a share such as 0.9. */
export function parseShare(text: string): number {
  const value = parseAmount(text);
  if (value > 1) throw new InvalidArgumentError('expected a share from 0 to 1');
  return value;
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads a duration such as `250ms` or `10s`, in ms. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (amount === undefined)
    throw new InvalidArgumentError('expected a number with a unit, such as 250ms or 10s');
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** Reads a fault in JSON. */
export function parseFaultJson(text: string): Fault {
  try {
    return parseFault(JSON.parse(text));
  } catch (thrown) {
    throw new InvalidArgumentError(`${(thrown as Error).message}; expected such as {"failPercent": 30}`);
  }
}
