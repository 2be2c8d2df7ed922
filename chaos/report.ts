import { formatTable } from '../src/cli/table.ts';
import { judge, PROMISES, type Violation } from './invariants.ts';
import type { EpisodeRecord, RunRecord } from './record.ts';

/** A run in figures. */
export interface Report {
  readonly seed: number;
  readonly minutes: number;
  readonly faults: number;
  readonly calls: number;
  readonly failed: number;
  readonly rollouts: number;
  /** How often a rollout's weight rose, and how often it fell to nothing. */
  readonly advances: number;
  readonly rollbacks: number;
  readonly residentMiB: { readonly first: number; readonly last: number; readonly most: number };
  readonly kinds: readonly {
    readonly kind: string;
    readonly times: number;
    readonly recoveredMs: readonly number[];
  }[];
  readonly violations: readonly Violation[];
}

export function reportOf(
  seed: number,
  run: RunRecord & { readonly stories: number },
  minutes: number,
): Report {
  const faults = run.episodes.flatMap(({ faults: struck }) => struck);
  const mebibytes = run.memory.map(({ bytes }) => Math.round(bytes / 2 ** 20));
  const kinds = [...Map.groupBy(faults, ({ kind }) => kind)].map(([kind, struck]) => ({
    kind,
    times: struck.length,
    recoveredMs: run.episodes
      .filter((episode) => episode.faults.some((each) => each.kind === kind))
      .map(({ recoveredMs, starvedMs }) =>
        Math.max(0, Math.round((recoveredMs ?? Number.POSITIVE_INFINITY) - starvedMs)),
      ),
  }));
  return {
    seed,
    minutes,
    faults: faults.length,
    calls: run.calls.length,
    failed: run.calls.filter(({ status }) => status !== 0).length,
    rollouts: run.stories,
    advances: changes(run, (was, is) => is > was),
    rollbacks: changes(run, (was, is) => was > 0 && is === 0),
    residentMiB: { first: mebibytes[0] ?? 0, last: mebibytes.at(-1) ?? 0, most: Math.max(0, ...mebibytes) },
    kinds: kinds.toSorted((a, b) => a.kind.localeCompare(b.kind)),
    violations: judge(run),
  };
}

/** One line an episode: what struck, and how long it took to find back. */
export function describeEpisode({ faults, recoveredMs, starvedMs, waitedFor }: EpisodeRecord): string {
  const struck = faults.map(
    ({ kind, what, beganAt, healedAt }) => `${kind} (${what}, ${seconds(healedAt - beganAt)})`,
  );
  const well =
    recoveredMs === undefined
      ? `NOT well again: ${waitedFor}`
      : `well after ${seconds(recoveredMs)}${starvedMs > 1_000 ? `, ${seconds(starvedMs)} of it without a processor` : ''}`;
  return `${struck.join(' + ')}: ${well}`;
}

export function describeReport(report: Report): string {
  const { faults, minutes, calls, failed, rollouts, advances, rollbacks, residentMiB, violations } = report;
  const kinds = formatTable(
    [
      { heading: 'FAULT', cell: ({ kind }) => kind },
      { heading: 'TIMES', cell: ({ times }) => String(times) },
      { heading: 'WELL AFTER, MEDIAN', cell: ({ recoveredMs }) => seconds(median(recoveredMs)) },
      { heading: 'AT MOST', cell: ({ recoveredMs }) => seconds(Math.max(...recoveredMs)) },
    ],
    report.kinds,
    undefined,
  );
  const promises = formatTable(
    [
      { heading: 'PROMISE', cell: ({ name }) => name },
      {
        heading: 'BROKEN',
        cell: ({ name }) => String(violations.filter(({ promise }) => promise === name).length),
      },
    ],
    PROMISES,
    undefined,
  );
  const memory = `${residentMiB.first} MiB at first, ${residentMiB.last} MiB at last, ${residentMiB.most} MiB at most`;
  return [
    kinds,
    '',
    promises,
    '',
    `${faults} faults in ${minutes.toFixed(1)} minutes, ${rollouts} rollouts with ${advances} steps up and ${rollbacks} rollbacks, ${calls} calls, ${failed} failed by the faults themselves`,
    `penstock: ${memory}`,
    ...violations
      .slice(0, 20)
      .map(({ promise, at, detail }) => `BROKEN at ${seconds(at)}: ${promise}: ${detail}`),
    `${violations.length} violations`,
  ].join('\n');
}

function changes({ samples }: RunRecord, is: (from: number, to: number) => boolean): number {
  return samples.filter(({ rollout }, i) => {
    const before = samples[i - 1]?.rollout;
    return before !== undefined && before.story === rollout.story && is(before.weight, rollout.weight);
  }).length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
