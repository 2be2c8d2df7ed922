/** Bounds of a state that is entered high and left lower, so that it does not flap. */
export interface Hysteresis {
  readonly enterAbove: number;
  readonly leaveBelow: number;
}

/** Whether the state holds now, given whether it did and the value; a value that is not known changes nothing. */
export function decideHeld(
  held: boolean,
  value: number | undefined,
  { enterAbove, leaveBelow }: Hysteresis,
): boolean {
  if (value === undefined || Number.isNaN(value)) return held;
  return held ? value >= leaveBelow : value > enterAbove;
}
