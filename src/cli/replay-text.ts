import { formatDuration } from '../core/api/duration.ts';
import type { ReplayedEvent, ReplayedRule, RolloutReplay } from '../core/replay/replay.ts';
import { formatTime, formatWeight } from './format.ts';
import { formatTable } from './table.ts';

/** The time that was replayed, ms. */
export interface ReplayRange {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** What a replay cannot know, said with every one. */
export const REPLAY_LIMITS: readonly string[] = [
  'The split is the recorded one. A rule that had given the candidate more or less traffic would have seen more or ' +
    'less of it, and decided sooner or later; "estimated" counts the recorded requests at the rule\'s own weights, ' +
    'with the failure rate that was recorded meanwhile.',
  'Load reports are not recorded: what Penstock sees each second from the sidecars is replayed at the pace of the ' +
    'scrapes, and calls that nobody waited for are not seen.',
  'Every weight is taken as acknowledged at the next look, every webhook as having said yes; nobody gave a command.',
  'The Flagger-like and Argo-like rules are re-implemented from their documentation and are told the true failures. ' +
    'Their usual queries count HTTP statuses, to which a gRPC failure is a 200.',
];

/** A replay for people. */
export function replayText(replay: RolloutReplay, range: ReplayRange, width: number | undefined): string {
  const { rollout, candidate, stable, sources, recordedShare } = replay;
  const share =
    recordedShare === undefined ? 'nothing' : `${(100 * recordedShare).toFixed(1)} % of the requests`;
  return [
    `${rollout}: ${candidate} beside ${stable}, as if begun at ${formatTime(range.from)}`,
    `recorded: ${formatTime(range.from)} … ${formatTime(range.to)}, ${share} went to ${candidate}`,
    ...sources.map((source) => `read from ${source}`),
    '',
    formatTable(eventColumns(range), replay.events, width),
    '',
    formatTable(ruleColumns(candidate, range), replay.rules, width),
    '',
  ].join('\n');
}

function eventColumns({ from }: ReplayRange) {
  return [
    { heading: 'AFTER', cell: ({ at }: ReplayedEvent) => after(at - from) },
    { heading: 'WEIGHT', cell: ({ weight }: ReplayedEvent) => formatWeight(weight) },
    { heading: 'REASON', cell: ({ reason }: ReplayedEvent) => reason },
    { heading: 'EVIDENCE', cell: ({ message }: ReplayedEvent) => message },
  ];
}

function ruleColumns(candidate: string, { from }: ReplayRange) {
  const whole = (count: number | undefined) => (count === undefined ? 'unknown' : String(Math.round(count)));
  return [
    { heading: 'RULE', cell: ({ name }: ReplayedRule) => name },
    { heading: 'OUTCOME', cell: ({ outcome }: ReplayedRule) => outcome },
    {
      heading: 'AFTER',
      cell: ({ endedAt }: ReplayedRule) => (endedAt === undefined ? '-' : after(endedAt - from)),
    },
    {
      heading: `TO ${candidate.toUpperCase()}`,
      cell: ({ cost }: ReplayedRule) => whole(cost.recorded.requests),
    },
    { heading: 'FAILED', cell: ({ cost }: ReplayedRule) => whole(cost.recorded.failures) },
    {
      heading: 'FAILED, ESTIMATED',
      cell: ({ cost }: ReplayedRule) => whole(cost.estimated?.failures),
      spare: 2,
    },
    { heading: 'SETTINGS', cell: ({ settings }: ReplayedRule) => settings, spare: 1 },
    { heading: 'LAST', cell: ({ message }: ReplayedRule) => message },
  ];
}

/** `+7s`, `+5m30s`. */
function after(ms: number): string {
  return `+${formatDuration(Math.max(0, Math.round(ms / 100) * 100))}`;
}
