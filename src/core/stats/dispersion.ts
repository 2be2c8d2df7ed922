import type { RequestCounts } from '../observation/observation.ts';

/**
 * How much the outcomes of one version's requests hang together, from what it does while nothing is wrong: a
 * failing pod, a broken connection or a pause for garbage takes many requests at once, and a test that believes
 * them to be independent takes one burst for proof. Learned in blocks of several lengths, since bursts have
 * lengths too. Plain value.
 */
export interface Dispersion {
  readonly scales: readonly Scale[];
}

/** Sums over the closed blocks of one length, of n and y: requests and failures of a block. */
interface Scale {
  readonly startMs: number;
  readonly open: { readonly requests: number; readonly failures: number };
  readonly blocks: number;
  readonly n: number;
  readonly y: number;
  readonly nn: number;
  readonly ny: number;
  readonly yy: number;
  /** Requests in a block, of late. */
  readonly usual: number;
}

const BLOCK_MS = [1_000, 8_000, 64_000] as const;
/** Sums are halved beyond this time, so that an old outage is forgotten. */
const MEMORY_MS = 3_600_000;
const USUAL_SHARE = 0.2;
/** However bursty a version was, a candidate that fails for good must still be seen. */
const MOST_EFFECT = 20;

const NO_BLOCKS = { blocks: 0, n: 0, y: 0, nn: 0, ny: 0, yy: 0, usual: 0 };

export const NO_DISPERSION: Dispersion = {
  scales: BLOCK_MS.map(() => ({ startMs: 0, open: { requests: 0, failures: 0 }, ...NO_BLOCKS })),
};

/** One look more at the version that others are compared with. */
export function learnDispersion(state: Dispersion, counts: RequestCounts, nowMs: number): Dispersion {
  return { scales: state.scales.map((scale, i) => addToScale(scale, counts, BLOCK_MS[i] ?? 0, nowMs)) };
}

/** A block is closed by the first look after its time. */
function addToScale(scale: Scale, counts: RequestCounts, lengthMs: number, nowMs: number): Scale {
  const open = {
    requests: scale.open.requests + counts.requests,
    failures: scale.open.failures + counts.failures,
  };
  const elapsedMs = nowMs - scale.startMs;
  if (elapsedMs >= 0 && elapsedMs < lengthMs) return { ...scale, open };
  const next = { startMs: nowMs, open: { requests: 0, failures: 0 } };
  if (open.requests === 0) return { ...scale, ...next };
  const fade = scale.blocks * lengthMs > MEMORY_MS ? 0.5 : 1;
  const n = open.requests;
  const y = open.failures;
  return {
    ...next,
    blocks: fade * scale.blocks + 1,
    n: fade * scale.n + n,
    y: fade * scale.y + y,
    nn: fade * scale.nn + n * n,
    ny: fade * scale.ny + n * y,
    yy: fade * scale.yy + y * y,
    usual: scale.blocks === 0 ? n : scale.usual + USUAL_SHARE * (n - scale.usual),
  };
}

/**
 * How many requests count as one: the design effect 1 + (n − 1)·ρ of a block of n requests, the largest over
 * the lengths of blocks. ρ is the correlation within a block by the method of moments, from
 * E Σ(y − n·p)² = Σ n·p·(1 − p)·(1 + (n − 1)·ρ) (beta-binomial; Williams 1982).
 * @param share requests of the version in question as a multiple of those that were learned from
 * @returns 1 … MOST_EFFECT; 1 while nothing is known
 */
export function designEffect({ scales }: Dispersion, share: number): number {
  const effects = scales.map((scale) => 1 + Math.max(0, share * scale.usual - 1) * correlation(scale));
  return Math.min(MOST_EFFECT, Math.max(1, ...effects));
}

function correlation({ blocks, n, y, nn, ny, yy }: Scale): number {
  if (blocks < 2 || y === 0 || y >= n) return 0;
  const p = y / n;
  const independent = n * p * (1 - p);
  const most = (nn - n) * p * (1 - p);
  if (most <= 0) return 0;
  const squares = yy - 2 * p * ny + p * p * nn;
  return Math.min(1, Math.max(0, (squares - independent) / most));
}

/** Counts worth what they tell: both divided by the design effect. */
export function deflate(counts: RequestCounts, effect: number): RequestCounts {
  return { requests: counts.requests / effect, failures: counts.failures / effect };
}
