import { NO_DECISIONS, type ServiceDecisions } from './decisions.ts';

/** Decisions as plain JSON: the wire between replicas. */
export interface DecisionsJson {
  readonly weights?: ServiceDecisions['weights'];
  readonly slices: ServiceDecisions['slices'];
  readonly salt: string;
  readonly mirror?: ServiceDecisions['mirror'];
  readonly admitted?: number;
  readonly endpointFactors: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Absent: written by a Penstock that knew none. */
  readonly overflow?: Readonly<Record<string, number>>;
  readonly limitRates: Readonly<Record<string, number>>;
  readonly limitShares: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function decisionsToJson(decisions: ServiceDecisions): DecisionsJson {
  const { weights, mirror, admitted, slices, salt } = decisions;
  return {
    ...(weights === undefined ? {} : { weights }),
    ...(mirror === undefined ? {} : { mirror }),
    ...(admitted === undefined ? {} : { admitted }),
    slices,
    salt,
    endpointFactors: Object.fromEntries(
      [...decisions.endpointFactors].map(([version, factors]) => [version, Object.fromEntries(factors)]),
    ),
    ...(decisions.overflow.size === 0 ? {} : { overflow: Object.fromEntries(decisions.overflow) }),
    limitRates: Object.fromEntries(decisions.limitRates),
    limitShares: Object.fromEntries(decisions.limitShares),
  };
}

/**
 * The inverse of `decisionsToJson`.
 * @returns undefined when it is no such JSON: perhaps another version of Penstock wrote it
 */
export function decisionsFromJson(value: unknown): ServiceDecisions | undefined {
  if (!isDecisionsJson(value)) return undefined;
  return {
    ...NO_DECISIONS,
    weights: value.weights,
    slices: value.slices,
    salt: value.salt,
    mirror: value.mirror,
    admitted: value.admitted,
    endpointFactors: new Map(
      Object.entries(value.endpointFactors).map(([version, factors]) => [
        version,
        new Map(Object.entries(factors)),
      ]),
    ),
    overflow: new Map(Object.entries(value.overflow ?? {})),
    limitRates: new Map(Object.entries(value.limitRates)),
    limitShares: new Map(Object.entries(value.limitShares)),
  };
}

/** Whether these decide nothing, so that they need not be kept. */
export function decidesNothing(decisions: ServiceDecisions): boolean {
  return JSON.stringify(decisionsToJson(decisions)) === NOTHING;
}

const NOTHING = JSON.stringify(decisionsToJson(NO_DECISIONS));

function isDecisionsJson(value: unknown): value is DecisionsJson {
  if (!isRecord(value)) return false;
  const { weights, mirror, admitted, slices, salt } = value;
  const weighted = (each: unknown): boolean =>
    isRecord(each) && typeof each.version === 'string' && typeof each.weight === 'number';
  return (
    (weights === undefined || (Array.isArray(weights) && weights.every(weighted))) &&
    (mirror === undefined || isRecord(mirror)) &&
    (admitted === undefined || typeof admitted === 'number') &&
    Array.isArray(slices) &&
    typeof salt === 'string' &&
    (value.overflow === undefined || isRecord(value.overflow)) &&
    [value.endpointFactors, value.limitShares].every(
      (each) => isRecord(each) && Object.values(each).every(isNumbers),
    ) &&
    isNumbers(value.limitRates)
  );
}

function isNumbers(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((each) => typeof each === 'number');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
