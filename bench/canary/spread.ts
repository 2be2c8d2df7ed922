import { quantile } from '../protection/figures.ts';

/** The figure of every run; undefined where it never happened. */
export interface Spread {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly (number | undefined)[];
}

/** `least | median | p90 | most (runs)`, as a row of a table. */
export function describeSpread({ what, unit, values }: Spread): string {
  const known = knownOf(values);
  const never = values.length - known.length;
  const figures = [Math.min(...known), quantile(known, 0.5), quantile(known, 0.9), Math.max(...known)];
  const cells = known.length === 0 ? ['–', '–', '–', '–'] : figures.map((value) => short(value));
  const missing = never === 0 ? '' : `, never in ${never}`;
  return `| ${what}${unit === '' ? '' : `, ${unit}`} | ${cells.join(' | ')} | ${values.length} runs${missing} |`;
}

const ROW = { height: 44, left: 210, width: 520 };

/** Every run as a dot on a line from 0 to its most, the median as a bar. */
export function plotSpreads(spreads: readonly Spread[]): string {
  const rows = spreads.map(({ what, unit, values }, i) => {
    const known = knownOf(values);
    const most = Math.max(1e-9, ...known);
    const x = (value: number) => (ROW.left + (value / most) * ROW.width).toFixed(1);
    const y = 24 + i * ROW.height;
    const dots = known.map(
      (value) => `<circle cx="${x(value)}" cy="${y}" r="4" fill="#0b6e4f" opacity=".45"/>`,
    );
    const median = quantile(known, 0.5);
    return [
      `<text x="${ROW.left - 12}" y="${y + 4}" text-anchor="end">${what}</text>`,
      `<line x1="${ROW.left}" x2="${ROW.left + ROW.width}" y1="${y}" y2="${y}" stroke="#c8ced6"/>`,
      ...dots,
      `<rect x="${x(median)}" y="${y - 9}" width="2" height="18" fill="#20242a"/>`,
      `<text x="${ROW.left + ROW.width + 12}" y="${y + 4}">${short(most)} ${unit}</text>`,
    ].join('');
  });
  const height = 12 + spreads.length * ROW.height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="830" height="${height}" font-family="sans-serif" font-size="12">`,
    '<title>Every run as a dot, the median as a bar</title>',
    '<rect width="100%" height="100%" fill="#fff"/>',
    ...rows,
    '</svg>',
    '',
  ].join('\n');
}

function knownOf(values: readonly (number | undefined)[]): readonly number[] {
  return values.filter((value) => value !== undefined);
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
