import { InvalidArgumentError } from 'commander';
import { parseDuration } from '../core/api/duration.ts';

/** Port 0 lets the system choose; the log tells which. */
export function readAddress(text: string): string {
  const [, port = ''] = /^(?:\[[\da-f:.]+\]|[^\s:]+):(\d{1,5})$/i.exec(text) ?? [];
  if (port === '' || Number(port) > 65_535)
    throw new InvalidArgumentError('give HOST:PORT, say 127.0.0.1:18000.');
  return text;
}

/** A whole number from 1. */
export function readCount(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > most)
      throw new InvalidArgumentError(`give a whole number from 1 to ${most}.`);
    return count;
  };
}

/** A duration in ms. @param least the least but 0; 0 is refused where `least` is more than that */
export function readDuration(least: string): (text: string) => number {
  const leastMs = parseDuration(least) ?? 0;
  return (text) => {
    const given = parseDuration(text);
    if (given === undefined) throw new InvalidArgumentError('give a duration such as 500ms, 1s or 5m.');
    if (given !== 0 || leastMs > 0) {
      if (given < leastMs) throw new InvalidArgumentError(`give at least ${least}.`);
    }
    return given;
  };
}
