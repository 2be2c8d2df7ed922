import { hash } from 'node:crypto';
import type { DecisionRecord } from '../status/status.ts';

/** A span as the OpenTelemetry protocol writes it in JSON (OTLP 1.x, trace service). */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
  readonly status: { readonly code: number; readonly message?: string };
}

type Acknowledged = NonNullable<DecisionRecord['acknowledged']>;

const KIND_INTERNAL = 1;
const KIND_PRODUCER = 4;
const UNSET = { code: 0 } as const;
const STATUS_ERROR = 2;

/** The decision: the root of a trace of its own, whose ids follow from its number and time. */
export function decisionSpan(record: DecisionRecord): OtlpSpan {
  const { id, at, subject, service, reason, message, actor, change } = record;
  return {
    ...idsOf(record, 'decision'),
    parentSpanId: '',
    name: `decide ${reason}`,
    kind: KIND_INTERNAL,
    startTimeUnixNano: nanoseconds(at),
    endTimeUnixNano: nanoseconds(at),
    attributes: attributesOf({
      'penstock.decision': String(id),
      'penstock.subject': subject,
      'penstock.service': service,
      'penstock.reason': reason,
      'penstock.message': message,
      'penstock.actor': actor,
      ...(change === undefined ? {} : { 'penstock.change': JSON.stringify(change) }),
    }),
    status: UNSET,
  };
}

/**
 * What came of a decision at the sidecars, as its child.
 * @param endedAt when the last one acknowledged, or when that was waited for no longer
 */
export function pushSpan(record: DecisionRecord, acknowledged: Acknowledged, endedAt: number): OtlpSpan {
  const { by, of, laggards } = acknowledged;
  const resources = record.resources.map(({ type, name, version }) => `${type} ${name} ${version}`);
  return {
    ...idsOf(record, 'push'),
    parentSpanId: idsOf(record, 'decision').spanId,
    name: 'push',
    kind: KIND_PRODUCER,
    startTimeUnixNano: nanoseconds(record.at),
    endTimeUnixNano: nanoseconds(Math.max(record.at, endedAt)),
    attributes: attributesOf({
      'penstock.service': record.service,
      'penstock.resources': resources.join('\n'),
      'penstock.acknowledged': `${by}/${of}`,
    }),
    status: by === of ? UNSET : { code: STATUS_ERROR, message: `not acknowledged: ${laggards.join(', ')}` },
  };
}

function idsOf({ id, at }: DecisionRecord, part: string): Pick<OtlpSpan, 'traceId' | 'spanId'> {
  const trace = `penstock/${id}/${at}`;
  return {
    traceId: hash('sha256', trace).slice(0, 32),
    spanId: hash('sha256', `${trace}/${part}`).slice(0, 16),
  };
}

function attributesOf(values: Readonly<Record<string, string>>): OtlpSpan['attributes'] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function nanoseconds(ms: number): string {
  return `${BigInt(Math.round(ms)) * 1_000_000n}`;
}
