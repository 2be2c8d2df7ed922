/** Requests a second that clients offer at a second of a day: a quiet night, three pods' worth by day, eight at the peak. */
export function offeredAt(second: number): number {
  const hour = second / 3600;
  const at = (from: number, to: number, fromHour: number, toHour: number) =>
    from + (to - from) * smoothStep((hour - fromHour) / (toHour - fromHour));
  if (hour < 7) return 700;
  if (hour < 9) return at(700, 1450, 7, 9);
  if (hour < 19.9) return 1450;
  // Ten minutes from the level of the day to the peak.
  if (hour < 20.5) return at(1450, 3900, 20, 20 + 1 / 6);
  if (hour < 22) return 3900;
  return at(3900, 700, 22, 23.5);
}

export const DAY_SECONDS = 86_400;

function smoothStep(part: number): number {
  const x = Math.min(1, Math.max(0, part));
  return x * x * (3 - 2 * x);
}
