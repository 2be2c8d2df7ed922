import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { action, chainOf } from './audit-fixture.ts';
import { type AuditEntry, appendActions, type ChainHead, entryLine, hashOf } from './chain.ts';
import { pruning } from './retention.ts';
import { beginCheck, type ChainReport, endCheck, verifyNext } from './verify.ts';

const chain = chainOf(6);
const head = lastOf(chain);

function verify(entries: readonly AuditEntry[], known?: ChainHead, expected?: ChainHead): ChainReport {
  return endCheck(entries.map(entryLine).reduce(verifyNext, beginCheck(expected)), known);
}

function lastOf(entries: readonly AuditEntry[]): AuditEntry {
  const last = entries.at(-1);
  if (last === undefined) throw new Error('an empty chain has no last entry');
  return last;
}

/** The chain with one entry changed. */
function withEntry(seq: number, change: (entry: AuditEntry) => AuditEntry): readonly AuditEntry[] {
  return chain.map((entry) => (entry.seq === seq ? change(entry) : entry));
}

/** As a careful forger does it: the hash fits the new content. */
function forged({ hash: _, ...content }: AuditEntry, change: Partial<AuditEntry>): AuditEntry {
  const changed = { ...content, ...change };
  return { ...changed, hash: hashOf(changed) };
}

describe('a sound chain', () => {
  it('has no findings and tells its head', () => {
    expect(verify(chain, head)).toEqual({
      entries: 6,
      from: 1,
      head: { seq: 6, hash: head.hash },
      findings: [],
    });
  });

  it('may be empty', () => {
    expect(verify([]).findings).toEqual([]);
  });

  it('goes on where it ended', () => {
    const longer = [...chain, ...appendActions(head, [action(7), action(8)])];
    expect(verify(longer, lastOf(longer), head).findings).toEqual([]);
  });

  it('may have lost a prefix to retention, when a later entry says so', () => {
    const through = { seq: 3, hash: chain[2]?.hash ?? '' };
    const pruned = [...chain.slice(3), ...appendActions(head, [pruning(through, 5, 9)])];
    expect(verify(pruned, lastOf(pruned))).toMatchObject({ entries: 4, from: 4, findings: [] });
  });
});

describe('tampering is found and named', () => {
  const changed = 'was changed: its content does not match its hash';
  const three = 'entry 3 (StepAdvanced of Rollout/default/fraud-v2, 2026-01-01T00:00:03.000Z)';
  const four = 'entry 4 (StepAdvanced of Rollout/default/fraud-v2, 2026-01-01T00:00:04.000Z)';
  it.each<[string, readonly AuditEntry[], readonly string[]]>([
    ['another reason', withEntry(3, (it) => ({ ...it, why: 'nobody was there' })), [`${three} ${changed}`]],
    ['other evidence', withEntry(3, (it) => ({ ...it, evidence: { requests: 4 } })), [`${three} ${changed}`]],
    ['a field more', withEntry(3, (it) => ({ ...it, note: '' }) as AuditEntry), [`${three} ${changed}`]],
    [
      'another actor, with a hash made anew',
      withEntry(3, (it) => forged(it, { actor: 'penstock' })),
      [`entry 3 was changed and its hash made anew: ${four} follows another one`],
    ],
    ['one entry removed', chain.filter(({ seq }) => seq !== 3), ['entry 3 is missing']],
    ['two removed', chain.filter(({ seq }) => seq !== 3 && seq !== 4), ['entries 3 to 4 are missing']],
    [
      'the first ones removed',
      chain.slice(2),
      ['entries 1 to 2 are missing, and no later entry says that retention pruned just these'],
    ],
    ['the last ones removed', chain.slice(0, 4), ['entries 5 to 6 are missing at the end']],
    ['everything removed', [], ['entries 1 to 6 are missing at the end']],
    [
      'the last entry, with a hash made anew',
      withEntry(6, (it) => forged(it, { why: 'other' })),
      ['entry 6 is not the one that was written last: it was changed and its hash made anew'],
    ],
    ['an entry added', [...chain, ...appendActions(head, [action(7)])], ['entry 7 added by another hand']],
  ])('%s', (_, entries, findings) => {
    expect(verify(entries, head).findings).toEqual(findings);
  });

  it('a pruning that nobody carried out does not excuse a missing prefix', () => {
    const wrong = appendActions(head, [pruning({ seq: 3, hash: chain[1]?.hash ?? '' }, 5, 9)]);
    expect(verify([...chain.slice(3), ...wrong]).findings).toEqual([
      'entries 1 to 3 are missing, and no later entry says that retention pruned just these',
    ]);
  });

  it('a whole chain written anew, against a head that was noted elsewhere', () => {
    const other = appendActions({ seq: 0, hash: '0'.repeat(64) }, [action(9), action(8)]);
    expect(verify(other, lastOf(other), { seq: 2, hash: 'ab' }).findings).toEqual([
      'entry 2 with the hash ab is not in the chain',
    ]);
  });

  it('a line that is no entry', () => {
    const lines = chain.map((entry) => (entry.seq === 3 ? '{"seq":' : entryLine(entry)));
    const report = endCheck(lines.reduce(verifyNext, beginCheck()), head);
    expect(report.findings).toEqual(['entry 3 cannot be read: it is no audit entry']);
  });

  it('any byte of any entry', () => {
    const lines = chain.map(entryLine);
    fc.assert(
      fc.property(fc.nat(5), fc.nat(), fc.integer({ min: 33, max: 126 }), (index, place, code) => {
        const line = lines[index] ?? '';
        const at = place % line.length;
        const character = String.fromCharCode(code);
        fc.pre(line[at] !== character);
        const changed = lines.with(index, line.slice(0, at) + character + line.slice(at + 1));
        const { findings } = endCheck(changed.reduce(verifyNext, beginCheck()), head);
        expect(findings.length).toBeGreaterThan(0);
      }),
      { numRuns: 2000 },
    );
  });
});
