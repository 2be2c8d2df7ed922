/** What became of one call, as its caller saw it. Times are ms of one monotonic clock. */
export interface CallOutcome {
  readonly user: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** gRPC status, 0 is OK. */
  readonly code: number;
  readonly message: string;
  /** The version that answered, where the answer names one. */
  readonly version: string | undefined;
  /** What answered instead of the model, where something did. */
  readonly fallback: string | undefined;
  /** Whether the answer was the right one; undefined where there was none. */
  readonly correct: boolean | undefined;
}

/** Text that a model server puts into the failures that it was told to produce. */
export const INJECTED_MARK = 'on purpose';

const RESOURCE_EXHAUSTED = 8;

/** How a call ended: failures that were ordered are told from those that nobody ordered. */
export type Verdict = 'ok' | 'injected' | 'limited' | 'fallback' | 'lost';

/** A lost call is one that failed though no model server was told to fail it and no limit refused it. */
export function judge(outcome: CallOutcome): Verdict {
  if (outcome.fallback !== undefined) return 'fallback';
  if (outcome.code === 0) return 'ok';
  if (outcome.message.includes(INJECTED_MARK)) return 'injected';
  return outcome.code === RESOURCE_EXHAUSTED ? 'limited' : 'lost';
}

/** Counts over a stretch of the story. */
export interface Tally {
  readonly calls: number;
  readonly byVerdict: Readonly<Record<Verdict, number>>;
  readonly byVersion: ReadonlyMap<string, number>;
  /** The lost calls, a few, for the report. */
  readonly lost: readonly CallOutcome[];
}

const KEPT_LOST = 20;

/** Counts outcomes. */
export function tally(outcomes: readonly CallOutcome[]): Tally {
  const byVerdict: Record<Verdict, number> = { ok: 0, injected: 0, limited: 0, fallback: 0, lost: 0 };
  const byVersion = new Map<string, number>();
  const lost: CallOutcome[] = [];
  for (const outcome of outcomes) {
    const verdict = judge(outcome);
    byVerdict[verdict]++;
    if (verdict === 'lost' && lost.length < KEPT_LOST) lost.push(outcome);
    const by = outcome.version ?? '-';
    byVersion.set(by, (byVersion.get(by) ?? 0) + 1);
  }
  return { calls: outcomes.length, byVerdict, byVersion, lost };
}

/**
 * Users who were moved back while weights only rose: a call answered by the candidate, then one that began
 * after that answer and was answered by stable.
 */
export function usersMovedBack(outcomes: readonly CallOutcome[], stable: string, candidate: string): number {
  const onCandidateSince = new Map<string, number>();
  const movedBack = new Set<string>();
  const answered = outcomes.filter((each) => each.fallback === undefined && each.version !== undefined);
  for (const outcome of [...answered].sort((a, b) => a.endedAt - b.endedAt)) {
    if (outcome.version === candidate && !onCandidateSince.has(outcome.user)) {
      onCandidateSince.set(outcome.user, outcome.endedAt);
    }
  }
  for (const outcome of answered) {
    const since = onCandidateSince.get(outcome.user);
    if (outcome.version === stable && since !== undefined && outcome.startedAt > since)
      movedBack.add(outcome.user);
  }
  return movedBack.size;
}

/** The value below which the given share of the numbers lies; undefined of none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}
