import Table from 'cli-table3';
import type { Goal, Outcome } from './goals.ts';
import { LABEL, type Scenario } from './scenarios.ts';

const ms = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));

const HEADS = [
  'server',
  'N',
  'S',
  'change',
  'p50 ms',
  'p99 ms',
  'last ms',
  'CPU a push ms',
  'sync s',
  'sync CPU s',
  'memory MB',
  'clean',
] as const;

const CHANGE: Readonly<Record<Scenario['what'], string>> = {
  route: 'route',
  endpoint: 'endpoint',
  stalled: 'route, 10 % stalled',
  'acknowledged-later': 'route, acknowledged later',
};

function title({ contender, protocol, what }: Scenario): [string, string] {
  const change = CHANGE[what];
  return [LABEL[contender], protocol === 'sotw' ? `${change}, SotW` : change];
}

/** One row for each run, as text. */
function rows(outcomes: readonly Outcome[]): string[][] {
  return outcomes.map(({ scenario, measured, note }) => {
    const [server, change] = title(scenario);
    const isBare = scenario.services === 1;
    const head = [server, `${scenario.streams}`, isBare ? '–' : `${scenario.services}`, change];
    if (!measured) return [...head, note, ...Array<string>(HEADS.length - head.length - 1).fill('')];
    const { P50, P99, Max, SrvCPUms, SyncMs, SyncSrvCPUms, RSSSyncMB, Clean, Pushes } = measured;
    return [
      ...head,
      ...[ms(P50), ms(P99), ms(Max), ms(SrvCPUms)],
      ...[(SyncMs / 1000).toFixed(2), (SyncSrvCPUms / 1000).toFixed(2), RSSSyncMB.toFixed(0)],
      `${Clean}/${Pushes?.length ?? 0}`,
    ];
  });
}

export function terminalTable(outcomes: readonly Outcome[]): string {
  const table = new Table({ head: [...HEADS], style: { head: [], border: [], compact: true } });
  table.push(...rows(outcomes));
  return table.toString();
}

export function goalLines(goals: readonly Goal[]): string[] {
  return goals.map(({ what, ratio, atMost }) => {
    if (ratio === undefined) return `  not run  ${what}`;
    return `  ${ratio <= atMost ? 'met   ' : 'MISSED'}   ${ratio.toFixed(3)} (at most ${atMost.toFixed(2)})  ${what}`;
  });
}

/** The same as a document, for the folder of results. */
export function markdown(outcomes: readonly Outcome[], goals: readonly Goal[], when: string): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    `# xDS server, side by side: ${when}`,
    '',
    line(HEADS),
    line(HEADS.map(() => '---')),
    ...rows(outcomes).map(line),
    '',
    ...goalLines(goals).map((goal) => `-${goal}`),
    '',
  ].join('\n');
}

const BAR = { height: 16, gap: 6, left: 430, width: 460 };

/** Bars of the time until the last stream has one changed route, on a logarithmic scale. */
export function plot(outcomes: readonly Outcome[]): string {
  const shown = outcomes.flatMap(({ scenario, measured }) =>
    measured && scenario.what === 'route' && scenario.protocol === 'delta' ? [{ scenario, measured }] : [],
  );
  shown.sort((a, b) => a.scenario.streams - b.scenario.streams || a.scenario.services - b.scenario.services);
  const decades = Math.ceil(Math.log10(Math.max(10, ...shown.map(({ measured }) => measured.Max))));
  const bars = shown.map(({ scenario, measured }, i) => {
    const y = 30 + i * (BAR.height + BAR.gap);
    const width = Math.max(1, (Math.log10(Math.max(1, measured.Max)) / decades) * BAR.width);
    const colour = scenario.contender === 'penstock' ? '#0b6e4f' : '#9aa5b1';
    const size =
      scenario.services === 1 ? `N ${scenario.streams}` : `N ${scenario.streams}, S ${scenario.services}`;
    return [
      `<text x="${BAR.left - 8}" y="${y + 12}" text-anchor="end">${LABEL[scenario.contender]}, ${size}</text>`,
      `<rect x="${BAR.left}" y="${y}" width="${width.toFixed(1)}" height="${BAR.height}" fill="${colour}"/>`,
      `<text x="${(BAR.left + width + 6).toFixed(1)}" y="${y + 12}">${ms(measured.Max)} ms</text>`,
    ].join('');
  });
  const height = 40 + shown.length * (BAR.height + BAR.gap);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="${height}" font-family="sans-serif" font-size="12">`,
    '<title>One changed route: time until the last stream has it</title>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    '<text x="8" y="18">One changed route: time until the last stream has it, ms (logarithmic)</text>',
    ...bars,
    '</svg>',
    '',
  ].join('\n');
}
