/** Numbers and times as people read them. What is not known is an em dash, never a zero. */

const UNKNOWN = '—';

/** 1234.5 → `1.23k`; three significant digits. */
export function formatNumber(value: number | undefined | null): string {
  if (value === undefined || value === null || !Number.isFinite(value)) return UNKNOWN;
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6) return `${trim(value / 1e6)}M`;
  if (magnitude >= 1e4) return `${trim(value / 1e3)}k`;
  if (magnitude >= 100 || Number.isInteger(value)) return Math.round(value).toString();
  return trim(value);
}

function trim(value: number): string {
  return Number(value.toPrecision(3)).toString();
}

/** Hundredths of a percent → `25 %`. */
export function formatWeight(weight: number): string {
  return `${trim(weight / 100)} %`;
}

export function formatPercent(percent: number | undefined): string {
  if (percent === undefined) return UNKNOWN;
  if (percent > 0 && percent < 0.01) return '< 0.01 %';
  return `${Number(percent.toPrecision(percent < 1 ? 2 : 3))} %`;
}

export function formatMs(ms: number | undefined): string {
  if (ms === undefined) return UNKNOWN;
  if (ms >= 1_000) return `${trim(ms / 1_000)} s`;
  return `${ms >= 100 ? Math.round(ms) : trim(ms)} ms`;
}

/** A gate's number in its own unit: `22.4 ms`, `0.12 %` for a ratio. */
export function formatMeasure(value: number | undefined, unit: string): string {
  if (value === undefined) return UNKNOWN;
  if (unit === 'ms') return formatMs(value);
  if (unit === 'ratio') return formatPercent(value * 100);
  return unit === '' ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
}

/** 95 000 → `1m 35s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m ${seconds % 60}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours}h` : `${hours}h ${minutes % 60}m`;
  return `${Math.floor(hours / 24)}d`;
}

/** `just now`, `35s ago`. */
export function formatAge(at: number | undefined, now: number): string {
  if (at === undefined) return 'never';
  return now - at < 1_500 ? 'just now' : `${formatDuration(now - at)} ago`;
}

/** `14:03:27`, with the date where it is not today's. */
export function formatTime(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString('en-GB');
  return date.toDateString() === new Date(now).toDateString()
    ? time
    : `${date.toLocaleDateString('en-CA')} ${time}`;
}

/** log10 of the evidence against a candidate as odds: 3 → `1000 : 1`, -2 → `1 : 100`. */
export function formatOdds(log10: number | undefined): string {
  if (log10 === undefined) return UNKNOWN;
  const magnitude = Math.abs(log10);
  const side =
    magnitude >= 6
      ? formatPowerOfTen(Math.floor(magnitude))
      : formatNumber(Number((10 ** magnitude).toPrecision(2)));
  return log10 >= 0 ? `${side} : 1` : `1 : ${side}`;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  '-': '⁻',
  '.': '·',
  0: '⁰',
  1: '¹',
  2: '²',
  3: '³',
  4: '⁴',
  5: '⁵',
  6: '⁶',
  7: '⁷',
  8: '⁸',
  9: '⁹',
};

/** -2 → `10⁻²`. */
export function formatPowerOfTen(exponent: number): string {
  return `10${[...String(exponent)].map((digit) => SUPERSCRIPTS[digit] ?? digit).join('')}`;
}
