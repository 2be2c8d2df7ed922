import type { Reading } from '../../observation/reading.ts';
import { describeReading } from '../../observation/reading.ts';
import type { GateEvidence } from './gate.ts';
import { type Plot, pointsOf } from './plot.ts';

/** The reading of a version that the observation does not name. */
export function missingVersion(which: 'candidate' | 'stable'): Reading<never> {
  return { kind: 'missing', detail: `the ${which} is not observed` };
}

/**
 * Evidence of a look that nothing can be judged by.
 * @param readings the readings that were needed, by whose they are; the first without a value is named
 */
export function blindEvidence(
  gate: Pick<GateEvidence, 'gate' | 'type' | 'source' | 'dryRun' | 'bound' | 'log10M'>,
  readings: Readonly<Record<string, Reading<unknown>>>,
  points: Plot,
  nowMs: number,
): GateEvidence {
  const unusable = Object.entries(readings).find(([, reading]) => reading.kind !== 'value');
  const message =
    unusable === undefined ? 'no data' : `${unusable[0]}: ${describeReading(unusable[1], nowMs)}`;
  return {
    ...gate,
    verdict: 'no-data',
    counts: undefined,
    message,
    needed: undefined,
    figures: {},
    points: pointsOf(points),
  };
}
