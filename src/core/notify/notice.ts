import type { DecisionRecord } from '../status/status.ts';

export const SEVERITIES = ['info', 'warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something that happened, as people are told of it. */
export interface Notice {
  /** The decision's number: the same notice is never told twice. */
  readonly id: number;
  /** ms since the epoch. */
  readonly at: number;
  readonly severity: Severity;
  /** How bad what this puts an end to was; undefined where it ends nothing. */
  readonly ends: Severity | undefined;
  /** `Breaker/default/fraud`. */
  readonly subject: string;
  /** `default/fraud`; empty where it concerns everything. */
  readonly service: string;
  readonly reason: string;
  readonly message: string;
  readonly actor: string;
  readonly change: DecisionRecord['change'];
  readonly evidence: unknown;
}

const WARNINGS: ReadonlySet<string> = new Set([
  'Aborted',
  'BaselineOn',
  'CommandRefused',
  'DeadlineExceeded',
  'DryRunBreached',
  'EndpointDerated',
  'ErrorsRising',
  'EvidenceGrowing',
  'FreezeOn',
  'GateBreached',
  'NoCandidate',
  'NoData',
  'NotConverged',
  'Overflowing',
  'PulledBack',
  'PulledBackAgain',
  'Relapsed',
  'RolledBack',
  'SpecChanged',
]);

/** Reasons that put an end to a warning. */
const ENDS_WARNING: ReadonlySet<string> = new Set([
  'BaselineOff',
  'Completed',
  'EndpointRestored',
  'FreezeOff',
  'OverflowEnded',
  'Retried',
]);

/** The notice of a decision. */
export function noticeOf(record: DecisionRecord): Notice {
  const { id, at, subject, service, reason, message, actor, change, evidence } = record;
  const severity = severityOf(record);
  const ends = endsOf(record);
  return { id, at, severity, ends, subject, service, reason, message, actor, change, evidence };
}

/** Whether who wants to hear of this severity wants to hear of the notice, or of the end of what it ends. */
export function isAtLeast({ severity, ends }: Notice, minimum: Severity): boolean {
  const rank = Math.max(SEVERITIES.indexOf(severity), ends === undefined ? 0 : SEVERITIES.indexOf(ends));
  return rank >= SEVERITIES.indexOf(minimum);
}

function severityOf({ subject, reason, change }: DecisionRecord): Severity {
  // All events of a look carry its change: the warning that came with the trip is not a second trip.
  const opens = subject.startsWith('Breaker/') && change?.after === 'OPEN' && reason !== 'ErrorsRising';
  if (opens && change.before !== 'OPEN') return 'critical';
  return WARNINGS.has(reason) ? 'warning' : 'info';
}

function endsOf({ subject, reason, change }: DecisionRecord): Severity | undefined {
  if (subject.startsWith('Breaker/') && change?.after === 'CLOSED' && change.before !== 'CLOSED')
    return 'critical';
  return ENDS_WARNING.has(reason) ? 'warning' : undefined;
}
