import type { CapacityPlan } from '../core/policy/capacity/plan-capacity.ts';
import { formatNumber, formatTime } from './format.ts';
import { type Column, formatTable } from './table.ts';

/** A line of the table. */
export interface CapacityRow {
  readonly service: string;
  readonly measuredBy: string | undefined;
  readonly outcome: CapacityPlan | { readonly missing: string };
  readonly policyPerReplica: number | undefined;
}

const known = (of: (plan: CapacityPlan) => string) => (row: CapacityRow) =>
  'missing' in row.outcome ? '-' : of(row.outcome);

const COLUMNS: readonly Column<CapacityRow>[] = [
  { heading: 'SERVICE', cell: ({ service }) => service },
  { heading: 'INSTANCES', cell: known(({ instances }) => String(instances)) },
  { heading: 'PEAK/S', cell: known(({ peakPerSecond }) => formatNumber(peakPerSecond)) },
  { heading: 'AT', cell: known(({ peakAt }) => formatTime(peakAt)), spare: 1 },
  { heading: 'LATENCY', cell: known(({ latencyMs }) => `${formatNumber(latencyMs)} ms`) },
  {
    heading: 'CONCURRENCY',
    cell: known((plan) => `${formatNumber(plan.concurrency)} ${plan.concurrencyFrom}`),
  },
  { heading: 'ONE/S', cell: known(({ perInstance }) => formatNumber(perInstance)) },
  {
    heading: 'POLICY/S',
    cell: ({ policyPerReplica }) => (policyPerReplica === undefined ? '-' : formatNumber(policyPerReplica)),
    spare: 2,
  },
  {
    heading: 'MEASURED BY',
    cell: ({ outcome, measuredBy }) => ('missing' in outcome ? outcome.missing : (measuredBy ?? '-')),
  },
];

/**
 * Capacities for people, with the rule that they come of.
 * @param width columns of the terminal; undefined: as wide as needed
 */
export function capacityText(rows: readonly CapacityRow[], width: number | undefined): string {
  return `${formatTable(COLUMNS, rows, width)}\n\nINSTANCES = ⌈PEAK × LATENCY ÷ CONCURRENCY of one⌉; ONE/S = CONCURRENCY ÷ LATENCY\n`;
}
