/** `12.5 %` of hundredths of a percent; whole numbers without a fraction. */
export function formatWeight(weight: number): string {
  return `${Number((weight / 100).toFixed(2))} %`;
}

/** A number with the given digits, or a dash where nothing is known. */
export function formatNumber(value: number | undefined, digits = 1, unit = ''): string {
  return value === undefined || !Number.isFinite(value) ? '-' : `${value.toFixed(digits)}${unit}`;
}

/** `5s`, `3m`, `2h`, `4d`: how long something has been, as kubectl shows ages. */
export function formatAge(sinceMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** `2026-01-31 14:03:09`, local time. */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, '0');
  return (
    `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ` +
    `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
  );
}
