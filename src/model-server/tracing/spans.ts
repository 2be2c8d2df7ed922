import type { CallRecord } from '../serving/inference.ts';

/** A span as the OpenTelemetry protocol writes it in JSON. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly status: { readonly code: number; readonly message?: string };
}

export interface OtlpAttribute {
  readonly key: string;
  readonly value:
    | { readonly stringValue: string }
    | { readonly intValue: string }
    | { readonly boolValue: boolean };
}

const KIND_INTERNAL = 1;
const KIND_SERVER = 2;
const STATUS_UNSET = 0;
const STATUS_ERROR = 2;

/**
 * The spans of one call, as children of the caller's span: the call, and in it the wait and the computing.
 * None when the caller's trace is not sampled. `ids` gives as many new span ids as are asked for.
 *
 * Names and attributes: OpenTelemetry semantic conventions for RPC servers.
 */
export function spansOf(record: CallRecord, ids: () => string): OtlpSpan[] {
  const { trace, labels, code, message, startedEpochMs, totalMs, queueMs, computeMs } = record;
  if (!trace?.sampled) return [];
  const spanId = ids();
  const common = { traceId: trace.traceId, status: { code: STATUS_UNSET } };
  const endMs = startedEpochMs + totalMs;
  const call: OtlpSpan = {
    ...common,
    spanId,
    parentSpanId: trace.parentSpanId,
    name: 'inference.GRPCInferenceService/ModelInfer',
    kind: KIND_SERVER,
    ...times(startedEpochMs, endMs),
    attributes: [
      text('rpc.system', 'grpc'),
      text('rpc.service', 'inference.GRPCInferenceService'),
      text('rpc.method', 'ModelInfer'),
      text('rpc.response.status_code', code),
      text('model.name', labels.model),
      text('model.version', labels.version),
      { key: 'model.cached', value: { boolValue: record.cached } },
    ],
    status: code === 'OK' ? common.status : { code: STATUS_ERROR, message },
  };
  if (code !== 'OK' || record.cached) return [call];
  const part = (name: string, fromMs: number, toMs: number): OtlpSpan => ({
    ...common,
    spanId: ids(),
    parentSpanId: spanId,
    name,
    kind: KIND_INTERNAL,
    ...times(fromMs, toMs),
    attributes: [text('model.name', labels.model), text('model.version', labels.version)],
  });
  return [
    call,
    part('queue', endMs - computeMs - queueMs, endMs - computeMs),
    part('compute', endMs - computeMs, endMs),
  ];
}

function times(fromMs: number, toMs: number): Pick<OtlpSpan, 'startTimeUnixNano' | 'endTimeUnixNano'> {
  return { startTimeUnixNano: nanoseconds(fromMs), endTimeUnixNano: nanoseconds(toMs) };
}

function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1_000)) * 1_000n);
}

function text(key: string, value: string): OtlpAttribute {
  return { key, value: { stringValue: value } };
}
