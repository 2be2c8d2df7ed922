import { describe, expect, it } from 'vitest';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import { DecisionBook } from './decision-book.ts';

const event = {
  at: 1000,
  subject: 'Rollout/default/fraud-v2',
  reason: 'Step1',
  message: 'step 1',
  evidence: null,
  change: undefined,
};
const publication = {
  sequence: 7,
  changed: [
    { typeUrl: TYPE_URL.rds, name: 'default/fraud', version: 'a1' },
    { typeUrl: TYPE_URL.eds, name: 'default/fraud/v2', version: 'b2' },
    { typeUrl: TYPE_URL.rds, name: 'default/fraud-lite', version: 'c3' },
  ],
  removed: [],
};
const recorded = {
  ...event,
  id: 1,
  service: 'default/fraud',
  actor: 'penstock',
  resources: [{ type: 'RDS', name: 'default/fraud', version: 'a1' }],
  acknowledged: undefined,
};
const acknowledged = (by: number, of: number) => ({
  of,
  by,
  lastAt: by > 0 ? 1005 : undefined,
  laggards: by < of ? ['b'] : [],
  rejected: [],
});

describe('the book of decisions', () => {
  it('numbers on from where it stood and names the resources of its own service', () => {
    const [record] = new DecisionBook([{ ...recorded, id: 41 }]).record(
      'default/fraud',
      [event],
      publication,
    );
    expect(record).toMatchObject({ id: 42, actor: 'penstock' });
    expect(record?.resources).toEqual([
      { type: 'RDS', name: 'default/fraud', version: 'a1' },
      { type: 'EDS', name: 'default/fraud/v2', version: 'b2' },
    ]);
  });
  it('tells each change of who acknowledged, once, until all have', () => {
    const book = new DecisionBook([]);
    book.record('default/fraud', [event], publication);
    expect(book.follow(() => acknowledged(1, 2), 1100)).toMatchObject([
      { id: 1, acknowledged: { by: 1, of: 2, laggards: ['b'] } },
    ]);
    expect(book.follow(() => acknowledged(1, 2), 1200)).toEqual([]);
    expect(book.follow(() => acknowledged(2, 2), 1300)).toMatchObject([
      { acknowledged: { by: 2, laggards: [] } },
    ]);
    expect(book.follow(() => acknowledged(0, 2), 1400)).toEqual([]);
  });
  it('follows laggards for a while only', () => {
    const book = new DecisionBook([]);
    book.record('default/fraud', [event], publication);
    book.follow(() => acknowledged(1, 2), 100_000);
    expect(book.follow(() => acknowledged(2, 2), 100_001)).toEqual([]);
  });
  it('waits for nobody when nothing was configured', () => {
    const book = new DecisionBook([]);
    book.record('default/fraud', [event], { sequence: 8, changed: [], removed: [] });
    expect(book.follow(() => acknowledged(2, 2), 1100)).toEqual([]);
  });
  it('follows on after a restart what was on its way, and nothing that had arrived', () => {
    const arrived = { ...recorded, id: 2, acknowledged: { by: 2, of: 2, lastAt: 1005, laggards: [] } };
    const book = new DecisionBook([arrived, recorded]);
    expect(book.follow(() => acknowledged(2, 2), 1100).map(({ id }) => id)).toEqual([1]);
  });
});
