import type { MessageInitShape } from '@bufbuild/protobuf';
import type { DurationSchema } from '@bufbuild/protobuf/wkt';
import {
  ApiVersion,
  type ConfigSourceSchema,
  HeaderValueOption_HeaderAppendAction,
  type HeaderValueOptionSchema,
} from '../../gen/envoy/config/core/v3/core_pb.js';
import {
  FractionalPercent_DenominatorType,
  type FractionalPercentSchema,
} from '../../gen/envoy/type/v3/type_pb.js';

/** Milliseconds (fractions allowed, ≥ 0) as a duration. */
export function durationOf(ms: number): MessageInitShape<typeof DurationSchema> {
  const nanos = Math.round(ms * 1e6);
  return { seconds: BigInt(Math.floor(nanos / 1e9)), nanos: nanos % 1e9 };
}

/** Resources of this type come over the aggregated stream. */
export function fromAds(initialFetchTimeoutMs?: number): MessageInitShape<typeof ConfigSourceSchema> {
  return {
    configSourceSpecifier: { case: 'ads', value: {} },
    resourceApiVersion: ApiVersion.V3,
    ...(initialFetchTimeoutMs === undefined
      ? {}
      : { initialFetchTimeout: durationOf(initialFetchTimeoutMs) }),
  };
}

/**
 * A header to set, whatever was there before. The value is taken as it is: Envoy would read `%` as the
 * beginning of a command.
 */
export function setHeader(name: string, value: string): MessageInitShape<typeof HeaderValueOptionSchema> {
  return {
    header: { key: name, value: value.replaceAll('%', '%%') },
    appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  };
}

/** A header to set where there is none yet. */
export function addHeader(name: string, value: string): MessageInitShape<typeof HeaderValueOptionSchema> {
  return {
    header: { key: name, value: value.replaceAll('%', '%%') },
    appendAction: HeaderValueOption_HeaderAppendAction.ADD_IF_ABSENT,
  };
}

/**
 * A share in hundredths of a percent (0 … 10000), told in millionths.
 *
 * Envoy draws one number a request and takes it modulo the denominator here, modulo the total weight (10000) when
 * it picks a version. With a denominator of 10000 the requests that a half-open breaker admits would all be those
 * of the first version; modulo a million the low four digits stay evenly spread for every whole percent.
 */
export function fraction(hundredthsOfPercent: number): MessageInitShape<typeof FractionalPercentSchema> {
  return { numerator: hundredthsOfPercent * 100, denominator: FractionalPercent_DenominatorType.MILLION };
}
