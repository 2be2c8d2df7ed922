import type { EvidencePoint } from './gate.ts';

/**
 * The points of a gate's plot as they are kept: a row has the seconds since `fromMs`, log₁₀ of the evidence, the
 * candidate and stable. The state is saved at every look, and plots were nine tenths of it.
 */
export interface Plot {
  readonly fromMs: number;
  readonly rows: readonly PlotRow[];
}

type PlotRow = readonly [number, number, number | null, number | null];

export const EMPTY_PLOT: Plot = { fromMs: 0, rows: [] };

const MAX_POINTS = 120;
/** A plot needs no more. */
const DIGITS = 3;

/**
 * Adds a point. When there are too many, every second one of the older half goes: the plot keeps its beginning,
 * and its newest part in full.
 */
export function addPoint({ fromMs, rows }: Plot, point: EvidencePoint): Plot {
  const half = MAX_POINTS / 2;
  const kept = rows.length < MAX_POINTS ? rows : rows.filter((_, i) => i === 0 || i >= half || i % 2 === 1);
  const from = rows.length === 0 ? point.atMs : fromMs;
  const row: PlotRow = [
    Math.round((point.atMs - from) / 100) / 10,
    short(point.log10M),
    point.candidate === undefined ? null : short(point.candidate),
    point.stable === undefined ? null : short(point.stable),
  ];
  return { fromMs: from, rows: [...kept, row] };
}

/** The points as they are shown. */
export function pointsOf({ fromMs, rows }: Plot): readonly EvidencePoint[] {
  return rows.map(([seconds, log10M, candidate, stable]) => ({
    atMs: fromMs + 1000 * seconds,
    log10M,
    candidate: candidate ?? undefined,
    stable: stable ?? undefined,
  }));
}

function short(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
