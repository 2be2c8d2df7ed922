import { describe, expect, it } from 'vitest';
import { type Notice, noticeOf } from './notice.ts';
import { recovered, tripNotice } from './notice-fixture.ts';
import { addNotice, EMPTY_OUTBOX, MOST_TOGETHER, MOST_WAITING, takeGroup } from './outbox.ts';

const fill = (notices: readonly Notice[]) => notices.reduce(addNotice, EMPTY_OUTBOX);
const idsOf = (notices: readonly Notice[]) => notices.map(({ id }) => id);
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...tripNotice(index + 1), message: `trip ${index}` }));

describe('an outbox', () => {
  it('takes the same notice once', () => {
    expect(idsOf(fill([tripNotice(1), tripNotice(1)]).waiting)).toEqual([1]);
  });

  it('takes what is said again of the same subject once in ten minutes', () => {
    const later = { ...tripNotice(3), at: tripNotice(1).at + 600_000 };
    expect(idsOf(fill([tripNotice(1), tripNotice(2), later]).waiting)).toEqual([1, 3]);
  });

  it('takes another trip after a recovery', () => {
    expect(idsOf(fill([tripNotice(1), noticeOf(recovered(2)), tripNotice(3)]).waiting)).toEqual([1, 2, 3]);
  });

  it('takes the same of another subject', () => {
    const other = { ...tripNotice(2), subject: 'Breaker/default/ranker' };
    expect(idsOf(fill([tripNotice(1), other]).waiting)).toEqual([1, 2]);
  });

  it('drops the oldest when too many wait, and says how many', () => {
    const { waiting, dropped } = fill(many(MOST_WAITING + 3));
    expect([waiting.length, waiting[0]?.id, dropped]).toEqual([MOST_WAITING, 4, 3]);
  });

  it('gives out groups in order, and the number of dropped ones once', () => {
    const first = takeGroup({ ...fill(many(MOST_TOGETHER + 1)), dropped: 2 });
    const second = takeGroup(first.rest);
    expect([first.notices.length, first.dropped]).toEqual([MOST_TOGETHER, 2]);
    expect([idsOf(second.notices), second.dropped]).toEqual([[MOST_TOGETHER + 1], 0]);
  });
});
