import { type AuditEntry, type ChainHead, EMPTY_CHAIN, entryLine, hashOf } from './chain.ts';
import { prunedThrough } from './retention.ts';

/** A verification under way: a value, to be handed to `verifyNext` with each line. */
export interface ChainCheck {
  readonly entries: number;
  /** What stands before the first entry that was seen. */
  readonly start: ChainHead | undefined;
  /** The entry seen last; without a hash where it could not be read. */
  readonly last: { readonly seq: number; readonly hash: string | undefined } | undefined;
  /** The pruned prefix, as the newest entry about a pruning tells it. */
  readonly pruned: ChainHead | undefined;
  /** What must be in the chain, because somebody noted it elsewhere. */
  readonly expected: ChainHead | undefined;
  readonly expectedSeen: boolean;
  /** What is wrong, one line each, in the order of the chain. */
  readonly findings: readonly string[];
}

/** What a verification came to; sound when there are no findings. */
export interface ChainReport {
  readonly entries: number;
  /** Entries before this were pruned by retention. */
  readonly from: number;
  readonly head: ChainHead;
  readonly findings: readonly string[];
}

/** Begins a verification. `expected` is a head that was noted earlier: it must still be in the chain. */
export function beginCheck(expected?: ChainHead): ChainCheck {
  return {
    entries: 0,
    start: undefined,
    last: undefined,
    pruned: undefined,
    expected,
    expectedSeen: false,
    findings: [],
  };
}

/** Takes the next line of the chain, as it is stored or was exported. */
export function verifyNext(check: ChainCheck, line: string): ChainCheck {
  const entry = parseEntry(line);
  if (entry === undefined) {
    const seq = (check.last?.seq ?? 0) + 1;
    const found = `entry ${seq} cannot be read: it is no audit entry`;
    return { ...check, last: { seq, hash: undefined }, findings: [...check.findings, found] };
  }
  const found = [...placeFindings(check, entry), ...contentFindings(check, entry, line)];
  const isExpected = check.expected?.seq === entry.seq && check.expected.hash === entry.hash;
  return {
    entries: check.entries + 1,
    start: check.start ?? { seq: entry.seq - 1, hash: entry.previous },
    last: { seq: entry.seq, hash: entry.hash },
    pruned: prunedThrough(entry) ?? check.pruned,
    expected: check.expected,
    expectedSeen: check.expectedSeen || isExpected,
    findings: found.length === 0 ? check.findings : [...check.findings, ...found],
  };
}

/**
 * Ends a verification.
 * @param head the newest entry as the database remembers it apart from the chain; undefined where nobody does
 */
export function endCheck(check: ChainCheck, head: ChainHead | undefined): ChainReport {
  const { seq, hash } = check.last ?? EMPTY_CHAIN;
  return {
    entries: check.entries,
    from: (check.start ?? EMPTY_CHAIN).seq + 1,
    head: { seq, hash: hash ?? EMPTY_CHAIN.hash },
    findings: [...startFindings(check), ...check.findings, ...endFindings(check, head)],
  };
}

function placeFindings({ last }: ChainCheck, entry: AuditEntry): readonly string[] {
  if (last === undefined || entry.seq === last.seq + 1) return [];
  if (entry.seq > last.seq) return [`${range(last.seq + 1, entry.seq - 1)} missing`];
  return [`${label(entry)} stands after entry ${last.seq}: the order was changed`];
}

function contentFindings({ last }: ChainCheck, entry: AuditEntry, line: string): readonly string[] {
  const { hash, ...content } = entry;
  // Two lines can say the same (a key twice, a digit too many): only the canonical one was written by us.
  if (hashOf(content) !== hash || entryLine(entry) !== line)
    return [`${label(entry)} was changed: its content does not match its hash`];
  const follows = last?.seq !== entry.seq - 1 || last.hash === undefined || last.hash === entry.previous;
  if (follows) return [];
  return [`entry ${last.seq} was changed and its hash made anew: ${label(entry)} follows another one`];
}

function startFindings({ start, pruned }: ChainCheck): readonly string[] {
  if (start === undefined || (start.seq === EMPTY_CHAIN.seq && start.hash === EMPTY_CHAIN.hash)) return [];
  if (start.seq === pruned?.seq && start.hash === pruned.hash) return [];
  if (start.seq === 0) return ['entry 1 was changed: it follows another one'];
  return [`${range(1, start.seq)} missing, and no later entry says that retention pruned just these`];
}

function endFindings(check: ChainCheck, head: ChainHead | undefined): readonly string[] {
  const { seq, hash } = check.last ?? EMPTY_CHAIN;
  const findings: string[] = [];
  if (head !== undefined && head.seq > seq) findings.push(`${range(seq + 1, head.seq)} missing at the end`);
  if (head !== undefined && head.seq < seq)
    findings.push(`${range(head.seq + 1, seq).replace(/ (is|are)$/, '')} added by another hand`);
  if (head?.seq === seq && hash !== undefined && head.hash !== hash)
    findings.push(`entry ${seq} is not the one that was written last: it was changed and its hash made anew`);
  const { expected, expectedSeen } = check;
  if (expected !== undefined && !expectedSeen)
    findings.push(`entry ${expected.seq} with the hash ${expected.hash} is not in the chain`);
  return findings;
}

function parseEntry(line: string): AuditEntry | undefined {
  try {
    const value = JSON.parse(line) as AuditEntry;
    const whole =
      Number.isSafeInteger(value.seq) && typeof value.hash === 'string' && typeof value.previous === 'string';
    return whole ? value : undefined;
  } catch {
    return undefined;
  }
}

function label({ seq, action, subject, at }: AuditEntry): string {
  const date = Number.isFinite(at) && Math.abs(at) < 8e15 ? new Date(at).toISOString() : 'at no time';
  return `entry ${seq} (${action} of ${subject}, ${date})`;
}

function range(from: number, to: number): string {
  return from === to ? `entry ${from} is` : `entries ${from} to ${to} are`;
}
