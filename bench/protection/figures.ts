/** One row of a result: a figure for each run. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly (number | undefined)[];
}

export const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Of an even number of values the mean of the middle two. */
function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [below = Number.NaN, above = Number.NaN] = [
    sorted[Math.ceil(sorted.length / 2) - 1],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (below + above) / 2;
}

/** `median (least … most) unit`; runs without a value are counted as never. */
export function describeRow({ what, unit, values }: Row): string {
  const known = values.filter((value) => value !== undefined);
  const never = values.length - known.length;
  const figure = (value: number) => String(Number(value.toPrecision(3)));
  const spread = known.length > 1 ? ` (${figure(Math.min(...known))} … ${figure(Math.max(...known))})` : '';
  const told = known.length === 0 ? '' : `${figure(medianOf(known))}${spread} ${unit}`;
  const missing = never === 0 ? '' : `${told === '' ? '' : ', '}never in ${never} of ${values.length} runs`;
  return `${what.padEnd(58)} ${told}${missing}`;
}
