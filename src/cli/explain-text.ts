import type {
  BreakerStatus,
  DecisionRecord,
  GateStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../core/status/status.ts';
import { formatNumber, formatTime, formatWeight } from './format.ts';
import { type Column, formatTable } from './table.ts';

/** What `explain` was asked about, as it stands now. */
export interface Standing {
  readonly rollout?: RolloutStatus | undefined;
  readonly breaker?: BreakerStatus | undefined;
  readonly service?: ServiceStatus | undefined;
}

/** The answer as a person would give it: where it stands, then each decision from signal to acknowledgement. */
export function explainText(
  { rollout, breaker, service }: Standing,
  records: readonly DecisionRecord[],
  sidecars: readonly SidecarStatus[],
): string {
  const parts: string[][] = [];
  if (service !== undefined) parts.push(serviceLines(service));
  if (rollout !== undefined) parts.push(rolloutLines(rollout));
  if (breaker !== undefined) parts.push(breakerLines(breaker));
  if (records.length === 0) parts.push(['nothing was decided yet']);
  for (const record of records) parts.push(decisionLines(record));
  for (const { id, rejections } of sidecars) {
    if (rejections.length > 0)
      parts.push(rejections.map((each) => `${id} rejected ${each.type}: ${each.message}`));
  }
  return parts.map((lines) => `${lines.join('\n')}\n`).join('\n');
}

function serviceLines(service: ServiceStatus): string[] {
  return [
    `${service.name}: ${service.versions.map((each) => `${each.name} ${formatWeight(each.weight)}`).join(', ')}`,
    ...service.versions.map(
      (each) =>
        `  ${each.name}: ${each.endpoints.length} endpoints, ${formatNumber(each.requestsPerSecond, 1)} requests/s, ` +
        `${formatNumber(each.errorPercent, 1, ' %')} failing, p99 ${formatNumber(each.latencyMs?.p99, 0, ' ms')}`,
    ),
  ];
}

function rolloutLines(rollout: RolloutStatus): string[] {
  const lines = [
    `${rollout.name}: ${rollout.phase} at ${formatWeight(rollout.weight)}, ${rollout.stable} → ${rollout.candidate}`,
    `  ${rollout.message}`,
  ];
  if (rollout.requests) lines.push(`  ${rollout.requests.seen} of ~${rollout.requests.needed} requests`);
  lines.push(...sliceLines(rollout));
  for (const gate of rollout.gates) lines.push(...gateLines(gate));
  if (rollout.laggards.length > 0) lines.push(`  not acknowledged by ${rollout.laggards.join(', ')}`);
  return lines;
}

/** A table of the slices and everybody else; nothing for a rollout without slices. */
function sliceLines({ slices, weight }: RolloutStatus): string[] {
  if (slices.length === 0) return [];
  const rows = [...slices, { name: 'all others', match: '', weight }];
  const columns: readonly Column<(typeof rows)[number]>[] = [
    { heading: 'SLICE', cell: ({ name }) => name },
    { heading: 'WEIGHT', cell: (row) => formatWeight(row.weight) },
    { heading: 'MATCH', cell: ({ match }) => match },
  ];
  return formatTable(columns, rows, undefined)
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line.trimEnd()}`);
}

function gateLines(gate: GateStatus): string[] {
  const dryRun = gate.dryRun ? ', dry run' : '';
  return [
    `  gate ${gate.name} [${gate.type}${dryRun}]: ${gate.verdict}`,
    `    ${gate.message}`,
    `    read from ${gate.source}`,
  ];
}

function breakerLines(breaker: BreakerStatus): string[] {
  const failed = `${formatNumber(breaker.failures, 0)} of ${formatNumber(breaker.requests, 0)} failed`;
  const trips = breaker.trips === 1 ? 'opened once' : `opened ${breaker.trips} times`;
  return [
    `${breaker.service}: ${breaker.phase}, admits ${formatWeight(breaker.admitted)}`,
    `  ${failed} lately; ${trips}; what it does not admit gets: ${breaker.fallback}`,
  ];
}

function decisionLines(record: DecisionRecord): string[] {
  return [
    `${formatTime(record.at)}  #${record.id}  ${record.subject}  ${record.reason}  by ${record.actor}`,
    `  ${record.message}`,
    ...evidenceLines(record.evidence),
    ...changeLines(record.change),
    ...record.resources.map(
      ({ type, name, version }) => `  configured ${type} ${name} at version ${version}`,
    ),
    ...acknowledgementLines(record),
  ];
}

function acknowledgementLines({ at, acknowledged }: DecisionRecord): string[] {
  if (acknowledged === undefined) return [];
  const { by, of, lastAt, laggards } = acknowledged;
  if (of === 0) return ['  no sidecar was connected that could acknowledge it'];
  const after = lastAt === undefined ? '' : `, the last after ${Math.max(0, lastAt - at)} ms`;
  const missing = laggards.length > 0 ? `; missing ${laggards.join(', ')}` : '';
  return [`  acknowledged by ${by} of ${of} sidecars${after}${missing}`];
}

/** One line an item, with its source below; the figures in full are in `-o json`. */
function evidenceLines(evidence: unknown): string[] {
  const items = (Array.isArray(evidence) ? evidence : [evidence]).filter(isRecord);
  const lines = items.flatMap((item) => {
    const named = item.gate ?? item.address;
    const verdict = item.verdict === undefined ? '' : ` ${item.verdict}`;
    const name = named === undefined ? '' : `${named}${verdict}: `;
    const source = typeof item.source === 'string' ? [`      from ${item.source}`] : [];
    return [`    ${name}${item.message ?? JSON.stringify(item)}`, ...source];
  });
  return lines.length === 0 ? [] : ['  evidence:', ...lines];
}

function changeLines(change: DecisionRecord['change']): string[] {
  if (change === undefined) return [];
  const { before, after } = change;
  if (!isRecord(before) && !isRecord(after))
    return [`  changed ${valueText('', before)} → ${valueText('', after)}`];
  const [from, to] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .filter((key) => JSON.stringify(from[key]) !== JSON.stringify(to[key]))
    .map((key) => `  changed ${key} ${valueText(key, from[key])} → ${valueText(key, to[key])}`);
}

/** The candidate's share is a weight; the rest is shown as it is. */
function valueText(key: string, value: unknown): string {
  if (value === undefined || value === null) return '-';
  if (key === 'candidate' && typeof value === 'number') return formatWeight(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
