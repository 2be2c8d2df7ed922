import { Argument, Command, Option } from 'commander';
import { stringify } from 'yaml';
import type {
  BreakerStatus,
  ControllerStatus,
  LimitStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../core/status/status.ts';
import { AdminClient } from './admin-client.ts';
import { adminOption } from './admin-option.ts';
import { formatAge, formatNumber, formatWeight } from './format.ts';
import { type Column, formatTable } from './table.ts';

const KINDS = ['services', 'rollouts', 'breakers', 'limits', 'sidecars'] as const;
type Kind = (typeof KINDS)[number];

/** `penstock get [KIND] [-o table|json|yaml] [--watch]`: the state, once or live. */
export function getCommand(): Command {
  return new Command('get')
    .description('show services, rollouts, breakers, limits and sidecars')
    .addArgument(new Argument('[kind]', 'what to show; everything when left out').choices(KINDS))
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .option('-w, --watch', 'print again whenever something changes')
    .addOption(adminOption())
    .action(async (kind: Kind | undefined, options: { output: string; watch?: true; admin: string }) => {
      const client = new AdminClient(options.admin);
      let last = '';
      do {
        const text = await render(client, kind, options.output);
        if (text !== last)
          process.stdout.write(last !== '' && options.output === 'table' ? `\n${text}` : text);
        last = text;
        if (options.watch) await new Promise((resolve) => setTimeout(resolve, 1000));
      } while (options.watch);
    });
}

async function render(client: AdminClient, kind: Kind | undefined, output: string): Promise<string> {
  if (kind !== undefined) return renderKind(client, kind, output);
  const status = await client.fetch<ControllerStatus>('status');
  if (output !== 'table') {
    const all: Record<string, unknown> = { status };
    for (const each of KINDS) all[each] = await client.fetch(each);
    return print(all, output);
  }
  const parts = [summary(status)];
  for (const each of KINDS) parts.push(`${each.toUpperCase()}\n${await renderKind(client, each, output)}`);
  return parts.join('\n');
}

async function renderKind(client: AdminClient, kind: Kind, output: string): Promise<string> {
  const rows = await client.fetch<readonly unknown[]>(kind);
  if (output !== 'table') return print(rows, output);
  if (rows.length === 0) return `no ${kind}\n`;
  return `${formatTable(columnsOf(kind, Date.now()), rows, process.stdout.columns)}\n`;
}

function print(value: unknown, output: string): string {
  return output === 'json' ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value);
}

function summary(status: ControllerStatus): string {
  const { prometheus, sidecars, specs } = status;
  const lines = [
    `Penstock ${status.version}, up ${formatAge(status.startedAt, Date.now())}; ` +
      `${sidecars.converged} of ${sidecars.connected} sidecars converged` +
      (sidecars.rejections > 0 ? `, ${sidecars.rejections} rejections` : ''),
  ];
  if (status.frozen) lines.push('FROZEN: every automatic change is held (penstock freeze off)');
  if (status.baseline) lines.push("BASELINE: the specs' static values are in force (penstock baseline off)");
  if (prometheus && !prometheus.reachable)
    lines.push(`PROMETHEUS ${prometheus.url}: ${prometheus.error ?? 'unreachable'}`);
  if (specs.problems.length > 0) {
    lines.push(
      'SPECS NOT IN FORCE, the last good configuration is:',
      ...specs.problems.map((each) => `  ${each}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

// biome-ignore lint/suspicious/noExplicitAny: rows are of the kind that was asked for
function columnsOf(kind: Kind, nowMs: number): readonly Column<any>[] {
  return {
    services: SERVICES,
    rollouts: rollouts(nowMs),
    breakers: breakers(nowMs),
    limits: LIMITS,
    sidecars: sidecars(nowMs),
  }[kind];
}

const SERVICES: readonly Column<ServiceStatus>[] = [
  { heading: 'NAMESPACE', cell: (s) => s.namespace },
  { heading: 'NAME', cell: (s) => s.name },
  { heading: 'WEIGHTS', cell: (s) => s.versions.map((v) => `${v.name}=${formatWeight(v.weight)}`).join(' ') },
  { heading: 'RPS', cell: (s) => s.versions.map((v) => formatNumber(v.requestsPerSecond, 0)).join(' ') },
  { heading: 'ERRORS', cell: (s) => s.versions.map((v) => formatNumber(v.errorPercent, 1, '%')).join(' ') },
  { heading: 'P99', cell: (s) => s.versions.map((v) => formatNumber(v.latencyMs?.p99, 0, 'ms')).join(' ') },
  { heading: 'BREAKER', cell: (s) => s.breaker ?? '-' },
  { heading: 'ROLLOUT', cell: (s) => s.rollout ?? '-' },
  { heading: 'SPEC', cell: (s) => s.spec },
];

const rollouts = (nowMs: number): readonly Column<RolloutStatus>[] => [
  { heading: 'NAMESPACE', cell: (r) => r.namespace },
  { heading: 'NAME', cell: (r) => r.name },
  { heading: 'SERVICE', cell: (r) => r.service },
  { heading: 'STABLE', cell: (r) => r.stable },
  { heading: 'CANDIDATE', cell: (r) => r.candidate },
  { heading: 'PHASE', cell: (r) => r.phase },
  { heading: 'WEIGHT', cell: (r) => formatWeight(r.weight) },
  { heading: 'STEP', cell: (r) => `${Math.min(r.step + 1, r.steps.length)}/${r.steps.length}` },
  { heading: 'AGE', cell: (r) => formatAge(r.phaseSince, nowMs) },
  { heading: 'MESSAGE', cell: (r) => r.message },
];

const breakers = (nowMs: number): readonly Column<BreakerStatus>[] => [
  { heading: 'NAMESPACE', cell: (b) => b.namespace },
  { heading: 'SERVICE', cell: (b) => b.service },
  { heading: 'STATE', cell: (b) => b.phase },
  { heading: 'ADMITTED', cell: (b) => formatWeight(b.admitted) },
  { heading: 'ERRORS', cell: (b) => `${b.failures}/${b.requests}` },
  { heading: 'TRIPS', cell: (b) => String(b.trips) },
  { heading: 'AGE', cell: (b) => formatAge(b.since, nowMs) },
  { heading: 'FALLBACK', cell: (b) => b.fallback },
  { heading: 'MESSAGE', cell: (b) => b.message },
];

const LIMITS: readonly Column<LimitStatus>[] = [
  { heading: 'NAMESPACE', cell: (l) => l.namespace },
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
  { heading: 'PROTOCOL', cell: (s) => s.protocol },
  { heading: 'CONVERGED', cell: (s) => (s.converged ? 'yes' : 'no') },
  { heading: 'LAG', cell: (s) => (s.converged ? '-' : `${s.lagMs}ms`) },
  { heading: 'RESOURCES', cell: (s) => s.types.map((t) => `${t.type}:${t.resources}`).join(' ') },
  { heading: 'CONNECTED', cell: (s) => formatAge(s.connectedAt, nowMs) },
  { heading: 'REJECTED', cell: (s) => s.rejections.map((r) => `${r.type}: ${r.message}`).join('; ') || '-' },
];
