import { formatTable } from '../cli/table.ts';

/** The measured figures of a demo, as `--report FILE` writes them. Seconds and milliseconds as named. */
export interface DemoReport {
  readonly story: readonly StoryEntry[];
  readonly rollback: RollbackFigures;
  /** The same with load reports off and a scrape every 5 s. */
  readonly rollbackByPrometheus: RollbackFigures;
  readonly promotion: { readonly afterSeconds: number; readonly steps: readonly number[] };
  readonly scores: { readonly afterSeconds: number; readonly wrongAnswers: number };
  readonly slowPod: {
    readonly deratedAfterSeconds: number;
    readonly restoredAfterSeconds: number;
    readonly leastWeightPercent: number;
  };
  readonly lostRequests: {
    readonly byWeights: number;
    readonly byBreaker: number;
    readonly byLimits: number;
    readonly byRestart: number;
  };
  readonly usersMovedBack: number;
  readonly pushToAckMs: { readonly p50: number; readonly p99: number };
  readonly breaker: {
    readonly openedAfterSeconds: number;
    readonly closedAfterSeconds: number;
    readonly fallbackAnswers: number;
  };
  readonly limit: {
    /** Sum over the sidecars that enforce it. */
    readonly configuredPerSecond: number;
    readonly admittedPerSecond: number;
    readonly offeredPerSecond: number;
    readonly othersRefused: number;
  };
  readonly restart: {
    /** From the kill to every sidecar following the new process. */
    readonly reconnectedAfterSeconds: number;
    readonly weightsBefore: string;
    readonly weightsAfter: string;
    readonly breakerBefore: string;
    readonly breakerAfter: string;
  };
  readonly calls: number;
  readonly seconds: number;
}

export interface RollbackFigures {
  /** From the first failed call's end to the start of the last call that the candidate got. */
  readonly afterSeconds: number;
  readonly failedRequests: number;
  readonly callsPerSecond: number;
  readonly candidatePercent: number;
  readonly source: string;
}

export interface StoryEntry {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** Why it did not go as told. */
  readonly problem?: string;
}

/** The table that ends a demo: what was measured beside what was promised. */
export function reportTable(report: Partial<DemoReport>): string {
  const rows = [...promotionRows(report), ...protectionRows(report), ...lossRows(report)];
  return formatTable(
    [
      { heading: 'MEASURED', cell: (row: readonly string[]) => row[0] ?? '' },
      { heading: 'FIGURE', cell: (row) => row[1] ?? '' },
    ],
    rows,
  );
}

const seconds = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(1)} s`);
const count = (value: number | undefined): string => (value === undefined ? '-' : String(value));

function promotionRows(report: Partial<DemoReport>): string[][] {
  const { promotion, rollback, rollbackByPrometheus, scores, usersMovedBack } = report;
  return [
    ['good candidate promoted after', seconds(promotion?.afterSeconds)],
    ['users moved back while weights rose', count(usersMovedBack)],
    ['failing candidate out of traffic after its first failure', seconds(rollback?.afterSeconds)],
    ['  requests that failed before', count(rollback?.failedRequests)],
    ['  decided by', rollback?.source ?? '-'],
    ['  by Prometheus alone, a scrape every 5 s', seconds(rollbackByPrometheus?.afterSeconds)],
    ['wrong-answering candidate caught after', seconds(scores?.afterSeconds)],
  ];
}

function protectionRows({ slowPod, breaker, limit, restart }: Partial<DemoReport>): string[][] {
  const rate = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(0)}/s`);
  return [
    ['slow pod derated after', seconds(slowPod?.deratedAfterSeconds)],
    ['  and back at its share after', seconds(slowPod?.restoredAfterSeconds)],
    ['breaker open after the first failure', seconds(breaker?.openedAfterSeconds)],
    ['  closed after the repair', seconds(breaker?.closedAfterSeconds)],
    ['  calls answered by the fallback', count(breaker?.fallbackAnswers)],
    ['greedy client: offered', rate(limit?.offeredPerSecond)],
    [
      '  admitted, of the configured',
      `${rate(limit?.admittedPerSecond)} of ${rate(limit?.configuredPerSecond)}`,
    ],
    ['  calls of others refused', count(limit?.othersRefused)],
    ['Penstock killed: sidecars follow again after', seconds(restart?.reconnectedAfterSeconds)],
  ];
}

function lossRows({ lostRequests, pushToAckMs }: Partial<DemoReport>): string[][] {
  const lost = lostRequests;
  const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(1)} ms`);
  return [
    ['requests lost by changes of weights', count(lost?.byWeights)],
    ['  by the breaker', count(lost?.byBreaker)],
    ['  by limits', count(lost?.byLimits)],
    ['  by the restart of Penstock', count(lost?.byRestart)],
    ['push to acknowledgement, p50 / p99', `${ms(pushToAckMs?.p50)} / ${ms(pushToAckMs?.p99)}`],
  ];
}
