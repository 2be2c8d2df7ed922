import type {
  BreakerStatus,
  ControllerStatus,
  LimitStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
  VersionStatus,
} from '../core/status/status.ts';
import { formatAge, formatNumber, formatWeight } from './format.ts';
import { type Column, formatTable, type Tone } from './table.ts';

/** What `penstock get` shows, by kind. */
export interface KindRows {
  readonly services: readonly ServiceStatus[];
  readonly rollouts: readonly RolloutStatus[];
  readonly breakers: readonly BreakerStatus[];
  readonly limits: readonly LimitStatus[];
  readonly sidecars: readonly SidecarStatus[];
}

export type Kind = keyof KindRows;

/** What a table is shown on. */
export interface Screen {
  /** Columns of the terminal; undefined: as wide as needed. */
  readonly width: number | undefined;
  readonly colours: boolean;
}

/**
 * The table of one kind.
 * @param screen where it is shown
 */
export function kindTable<K extends Kind>(kind: K, rows: KindRows[K], nowMs: number, screen: Screen): string {
  if (rows.length === 0) return `no ${kind}\n`;
  return `${TABLES[kind](rows, nowMs, screen)}\n`;
}

/** The lines above the tables: how Penstock is, and everything that holds it back. */
export function statusLines(status: ControllerStatus, nowMs: number): string {
  const { prometheus, sidecars, specs } = status;
  const converged =
    sidecars.connected === 0
      ? 'no sidecar is connected'
      : `${sidecars.converged} of ${sidecars.connected} sidecars converged`;
  const rejections = sidecars.rejections > 0 ? `, ${sidecars.rejections} rejections` : '';
  const lines = [
    `Penstock ${status.version}, up ${formatAge(status.startedAt, nowMs)}; ${converged}${rejections}`,
  ];
  if (status.replica !== undefined) lines.push(replicaLine(status.replica));
  if (status.frozen) lines.push('FROZEN: every automatic change is held (penstock freeze off)');
  if (status.baseline) lines.push("BASELINE: the specs' static values are in force (penstock baseline off)");
  if (prometheus && !prometheus.reachable)
    lines.push(`NO PROMETHEUS: ${prometheus.error ?? `${prometheus.url} has not answered yet`}`);
  if (specs.problems.length > 0) {
    lines.push(
      'SPECS NOT IN FORCE, the last good configuration is:',
      ...specs.problems.map((each) => `  ${each}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function replicaLine({ identity, leading, leader }: NonNullable<ControllerStatus['replica']>): string {
  if (leading) return `Replica ${identity} answers, and decides`;
  return `Replica ${identity} answers; ${leader === '' ? 'no replica decides now' : `${leader} decides`}`;
}

const TABLES: {
  readonly [K in Kind]: (rows: KindRows[K], nowMs: number, screen: Screen) => string;
} = {
  services: (rows, _, screen) => {
    const versions = rows.flatMap((service) => service.versions.map((version) => ({ service, version })));
    return tableOn(screen, SERVICES, versions);
  },
  rollouts: (rows, nowMs, screen) => tableOn(screen, rollouts(nowMs), rows),
  breakers: (rows, nowMs, screen) => tableOn(screen, breakers(nowMs), rows),
  limits: (rows, _, screen) => tableOn(screen, LIMITS, rows),
  sidecars: (rows, nowMs, screen) => tableOn(screen, sidecars(nowMs), rows),
};

function tableOn<Row>(
  { width, colours }: Screen,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  return formatTable(columns, rows, width, colours);
}

/** Phases of rollouts and of breakers that are not simply on their way. */
const TONES: Readonly<Record<string, Tone>> = {
  Completed: 'good',
  RolledBack: 'bad',
  Frozen: 'warn',
  Holding: 'warn',
  Paused: 'warn',
  OPEN: 'bad',
  HALF_OPEN: 'warn',
};

/** A line for each version, and each line tells all: `grep v2` finds what it is about. */
const SERVICES: readonly Column<{ readonly service: ServiceStatus; readonly version: VersionStatus }>[] = [
  { heading: 'NAMESPACE', cell: ({ service }) => service.namespace, spare: 2 },
  { heading: 'NAME', cell: ({ service }) => service.name },
  { heading: 'VERSION', cell: ({ version }) => version.name },
  { heading: 'WEIGHT', cell: ({ version }) => formatWeight(version.weight) },
  { heading: 'RPS', cell: ({ version }) => formatNumber(version.requestsPerSecond, 0) },
  { heading: 'ERRORS', cell: ({ version }) => formatNumber(version.errorPercent, 1, '%') },
  { heading: 'P99', cell: ({ version }) => formatNumber(version.latencyMs?.p99, 0, 'ms') },
  { heading: 'ENDPOINTS', cell: ({ version }) => endpointsText(version), spare: 3 },
  {
    heading: 'BREAKER',
    cell: ({ service }) => service.breaker ?? '-',
    tone: ({ service }) => TONES[service.breaker ?? ''],
  },
  { heading: 'ROLLOUT', cell: ({ service }) => service.rollout ?? '-', spare: 4 },
  {
    heading: 'SPEC',
    cell: ({ service }) => service.spec,
    spare: 1,
    tone: ({ service }) => (service.spec === 'ok' ? undefined : 'bad'),
  },
];

function endpointsText({ endpoints }: VersionStatus): string {
  const derated = endpoints.filter((each) => each.state === 'derated').length;
  return derated === 0 ? String(endpoints.length) : `${endpoints.length}, ${derated} derated`;
}

const rollouts = (nowMs: number): readonly Column<RolloutStatus>[] => [
  { heading: 'NAMESPACE', cell: (r) => r.namespace, spare: 2 },
  { heading: 'NAME', cell: (r) => r.name },
  { heading: 'SERVICE', cell: (r) => r.service, spare: 3 },
  { heading: 'STABLE', cell: (r) => r.stable, spare: 4 },
  { heading: 'CANDIDATE', cell: (r) => r.candidate, spare: 5 },
  { heading: 'PHASE', cell: (r) => r.phase, tone: (r) => TONES[r.phase] },
  { heading: 'WEIGHT', cell: (r) => formatWeight(r.weight) },
  { heading: 'STEP', cell: (r) => `${Math.min(r.step + 1, r.steps.length)}/${r.steps.length}` },
  { heading: 'AGE', cell: (r) => (r.phaseSince > 0 ? formatAge(r.phaseSince, nowMs) : '-'), spare: 1 },
  { heading: 'MESSAGE', cell: (r) => r.message },
];

const breakers = (nowMs: number): readonly Column<BreakerStatus>[] => [
  { heading: 'NAMESPACE', cell: (b) => b.namespace, spare: 2 },
  { heading: 'SERVICE', cell: (b) => b.service },
  { heading: 'VERSION', cell: (b) => b.version ?? '-', spare: 5 },
  { heading: 'STATE', cell: (b) => b.phase, tone: (b) => TONES[b.phase] },
  { heading: 'ADMITTED', cell: (b) => formatWeight(b.admitted) },
  { heading: 'ERRORS', cell: (b) => `${formatNumber(b.failures, 0)}/${formatNumber(b.requests, 0)}` },
  { heading: 'TRIPS', cell: (b) => String(b.trips), spare: 3 },
  { heading: 'AGE', cell: (b) => (b.since > 0 ? formatAge(b.since, nowMs) : '-'), spare: 1 },
  { heading: 'FALLBACK', cell: (b) => b.fallback, spare: 4 },
  { heading: 'MESSAGE', cell: (b) => b.message },
];

const LIMITS: readonly Column<LimitStatus>[] = [
  { heading: 'NAMESPACE', cell: (l) => l.namespace, spare: 1 },
  { heading: 'SERVICE', cell: (l) => l.service },
  { heading: 'NAME', cell: (l) => l.name },
  { heading: 'PER', cell: (l) => l.per },
  { heading: 'RATE', cell: (l) => `${formatNumber(l.requestsPerSecond, 0)}/s` },
  { heading: 'BURST', cell: (l) => formatNumber(l.burst, 0) },
  { heading: 'MODE', cell: (l) => (l.shadow ? 'shadow' : 'enforced') },
];

const sidecars = (nowMs: number): readonly Column<SidecarStatus>[] => [
  { heading: 'ID', cell: (s) => s.id },
  { heading: 'ROLE', cell: (s) => s.role },
  { heading: 'PROTOCOL', cell: (s) => s.protocol, spare: 1 },
  {
    heading: 'CONVERGED',
    cell: (s) => (s.converged ? 'yes' : 'no'),
    tone: (s) => (s.converged ? undefined : 'warn'),
  },
  { heading: 'LAG', cell: (s) => (s.converged ? '-' : `${s.lagMs}ms`), spare: 4 },
  {
    heading: 'RESOURCES',
    cell: (s) => s.types.map((t) => `${t.type}:${t.resources}`).join(' '),
    spare: 2,
  },
  { heading: 'CONNECTED', cell: (s) => formatAge(s.connectedAt, nowMs), spare: 3 },
  {
    heading: 'REJECTED',
    cell: (s) => s.rejections.map((r) => `${r.type}: ${r.message}`).join('; ') || '-',
    tone: (s) => (s.rejections.length > 0 ? 'bad' : undefined),
  },
];
