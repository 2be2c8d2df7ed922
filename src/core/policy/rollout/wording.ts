/** `10^9.2`, for evidence that people compare by its exponent. */
function powerOfTen(exponent: number): string {
  return `10^${exponent.toFixed(1).replace(/\.0$/, '')}`;
}

/** `M = 10^9.2 ≥ 10^3`. */
export function compareEvidence(log10M: number, bound: number): string {
  return `M = ${powerOfTen(log10M)} ${log10M >= bound ? '≥' : '<'} ${powerOfTen(bound)}`;
}

/** `212 of ~299 requests`. */
export function neededTraffic(have: number, need: number, unit: string): string {
  return `${Math.round(have)} of ~${Math.round(need)} ${unit}`;
}

/** A share as `1.2 %`, with the digits that a small one needs. */
export function percentage(share: number): string {
  const percent = 100 * share;
  return `${percent === 0 || percent >= 1 ? trim(percent.toFixed(1)) : trim(percent.toPrecision(2))} %`;
}

/** Milliseconds as people read them. */
export function milliseconds(ms: number): string {
  return `${trim(ms >= 10 ? ms.toFixed(0) : ms.toFixed(1))} ms`;
}

/** A weight of TOTAL_WEIGHT as percent: `30 %`. */
export function weightPercent(weight: number): string {
  return `${trim((weight / 100).toFixed(2))} %`;
}

function trim(decimal: string): string {
  return decimal.includes('.') && !decimal.includes('e') ? decimal.replace(/\.?0+$/, '') : decimal;
}
