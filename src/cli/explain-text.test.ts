import { describe, expect, it } from 'vitest';
import type { DecisionRecord, RolloutStatus } from '../core/status/status.ts';
import { explainText } from './explain-text.ts';

const AT = new Date(2026, 0, 31, 14, 3, 9).getTime();

const record: DecisionRecord = {
  id: 7,
  at: AT,
  subject: 'Rollout/default/fraud-v2',
  service: 'default/fraud',
  reason: 'GateBreached',
  message: 'errors: 12 of 40 failed',
  actor: 'penstock',
  evidence: [
    {
      gate: 'errors',
      verdict: 'breach',
      message: '30 % failed, stable 0 %',
      log10M: 3.21,
      bound: 3,
      source: 'load reports of 2 sidecars',
    },
  ],
  change: { before: { candidate: 1000 }, after: { candidate: 0 } },
  resources: [{ type: 'RDS', name: 'default/fraud', version: 'a1b2' }],
  acknowledged: { by: 1, of: 2, lastAt: AT + 4, laggards: ['slow'] },
};

const rollout: RolloutStatus = {
  namespace: 'default',
  name: 'fraud-v2',
  service: 'fraud',
  stable: 'v1',
  candidate: 'v2',
  phase: 'Progressing',
  message: 'collecting',
  weight: 500,
  step: 0,
  steps: [{ weight: 500, pauseMs: 1000 }],
  startedAt: AT,
  phaseSince: AT,
  requests: { seen: 12, needed: 299 },
  slices: [],
  gates: [
    {
      name: 'errors',
      type: 'ErrorRate',
      verdict: 'insufficient',
      dryRun: true,
      message: '0 of 12 failed',
      source: 'load reports of 2 sidecars',
      log10Evidence: -0.3,
      log10Bound: 3,
      stable: 0,
      candidate: 0,
      unit: 'ratio',
    },
  ],
  distributions: [],
  laggards: ['slow'],
  conditions: [],
};

describe('explain', () => {
  it('tells a decision from signal to acknowledgement', () => {
    expect(
      explainText({}, [record], []),
    ).toBe(`2026-01-31 14:03:09  #7  Rollout/default/fraud-v2  GateBreached  by penstock
  errors: 12 of 40 failed
  evidence:
    errors breach: 30 % failed, stable 0 %
      from load reports of 2 sidecars
  changed candidate 10 % → 0 %
  configured RDS default/fraud at version a1b2
  acknowledged by 1 of 2 sidecars, the last after 4 ms; missing slow
`);
  });

  it('tells where a rollout stands, and that nothing was decided yet', () => {
    expect(explainText({ rollout }, [], [])).toBe(`fraud-v2: Progressing at 5 %, v1 → v2
  collecting
  12 of ~299 requests
  gate errors [ErrorRate, dry run]: insufficient
    0 of 12 failed
    read from load reports of 2 sidecars
  not acknowledged by slow

nothing was decided yet
`);
  });

  it('tells the weights of slices in a table', () => {
    const slices = [
      { name: 'eu', match: 'x-region: eu', weight: 2500 },
      { name: 'phones', match: 'x-device: phone', weight: 0 },
    ];
    const text = explainText({ rollout: { ...rollout, slices } }, [], []);
    expect(text.split('\n').slice(3, 7)).toEqual([
      '  SLICE       WEIGHT  MATCH',
      '  eu          25 %    x-region: eu',
      '  phones      0 %     x-device: phone',
      '  all others  5 %',
    ]);
  });

  it.each([
    ['nothing', undefined, []],
    ['words', { before: 'CLOSED', after: 'OPEN' }, ['  changed CLOSED → OPEN']],
    ['only what differs', { before: { a: 1, b: 1 }, after: { a: 1, b: 0.5 } }, ['  changed b 1 → 0.5']],
    ['what was not there before', { before: undefined, after: { a: 0.5 } }, ['  changed a - → 0.5']],
  ] as const)('tells a change: %s', (_, change, expected) => {
    const text = explainText({}, [{ ...record, change }], []);
    expect(text.split('\n').filter((line) => line.startsWith('  changed'))).toEqual(expected);
  });

  it('says that nobody could acknowledge, and nothing of empty evidence', () => {
    const acknowledged = { by: 0, of: 0, lastAt: undefined, laggards: [] };
    const text = explainText({}, [{ ...record, evidence: [], acknowledged }], []);
    expect(text).toContain('no sidecar was connected that could acknowledge it');
    expect(text).not.toContain('evidence');
  });
});
