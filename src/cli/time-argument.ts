import { parseDuration } from '../core/api/duration.ts';

/**
 * A moment as people write it: RFC 3339 (`2026-11-21T14:00:00Z`), seconds since the epoch, `now`, `now-30m`.
 * @returns ms since the epoch, or undefined when it is none of these
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  const relative = /^now(?:-(.+))?$/.exec(text);
  if (relative) {
    const back = relative[1] === undefined ? 0 : parseDuration(relative[1]);
    return back === undefined ? undefined : nowMs - back;
  }
  if (/^\d{9,11}(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}
