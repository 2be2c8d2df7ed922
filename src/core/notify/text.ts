import { type Notice, SEVERITIES, type Severity } from './notice.ts';

/** What goes into one message. */
export interface Group {
  /** At least one, oldest first. */
  readonly notices: readonly Notice[];
  /** Older ones that had to go because too many waited. */
  readonly dropped: number;
}

/** One line that says the worst of it. */
export function titleOf({ notices, dropped }: Group): string {
  const worst = worstOf(notices);
  const first = notices.find(({ severity }) => severity === worst);
  const count = notices.length + dropped;
  const more = count > 1 ? ` (and ${count - 1} more)` : '';
  return `${worst.toUpperCase()}: ${first?.subject} ${first?.reason}${more}`;
}

/** A line for each, and one for those that are not there. */
export function linesOf({ notices, dropped }: Group): readonly string[] {
  const lines = notices.map(
    ({ at, subject, reason, message, actor }) =>
      `${timeOf(at)} ${subject} ${reason}: ${message}${actor === 'penstock' ? '' : ` (by ${actor})`}`,
  );
  return dropped === 0 ? lines : [...lines, `${dropped} earlier ones were dropped: too many waited`];
}

export function worstOf(notices: readonly Notice[]): Severity {
  const rank = Math.max(0, ...notices.map(({ severity }) => SEVERITIES.indexOf(severity)));
  return SEVERITIES[rank] ?? 'info';
}

/** `14:03:07Z`. */
function timeOf(at: number): string {
  return `${new Date(at).toISOString().slice(11, 19)}Z`;
}

/** Cut to so many bytes of UTF-8, never within a character; the cut shows. */
export function withinBytes(text: string, most: number): string {
  const encoder = new TextEncoder();
  if (encoder.encode(text).length <= most) return text;
  let kept = '';
  let length = encoder.encode('…').length;
  for (const character of text) {
    length += encoder.encode(character).length;
    if (length > most) break;
    kept += character;
  }
  return `${kept}…`;
}
