import { describe, expect, it } from 'vitest';
import { problemsOf, rollout, service } from './testdata/spec-text.ts';

const EU = '{name: eu, match: [{headers: [{name: x-region, value: eu}]}]}';
const OURS = '{name: ours, weight: 50, match: [{headers: [{name: x-tenant, value: ours}]}]}';

const found = (slices: string, strategy: string, more = '') =>
  problemsOf(service('a'), rollout('r', 'a', `slices: [${slices}]\n  ${more}`, strategy));

describe('slices', () => {
  it.each([
    ['with a weight of their own', OURS, 'linear: {}', []],
    [
      'that steps speak of',
      `${EU}, ${OURS}`,
      'steps: [{setWeight: 5, slices: {ours: 100}}, {setWeight: 50, slices: {eu: 50}}, {setWeight: 100}]',
      [],
    ],
    [
      'that go ahead while everybody else waits',
      OURS,
      'steps: [{setWeight: 0}, {setWeight: 0, slices: {ours: 100}}, {setWeight: 100}]',
      [],
    ],
    [
      'of the same name',
      `${EU}, ${EU}`,
      'linear: {}',
      ['17: spec.slices[1].name: "eu" is the name of entry [0] already; a name of its own'],
    ],
    [
      'that are not written',
      EU,
      'steps: [{setWeight: 5, slices: {us: 10}}, {setWeight: 100}]',
      ['16: spec.strategy.steps[0].slices.us: "us" is no slice of this rollout; eu'],
    ],
    [
      'that fall',
      OURS,
      'steps: [{setWeight: 5, slices: {ours: 10}}, {setWeight: 100}]',
      [
        '16: spec.strategy.steps[0].slices.ours: 10 is less than the 50 before it; at least as much, or users would be moved back',
      ],
    ],
    [
      'that leave everybody and fall behind',
      EU,
      'steps: [{setWeight: 50}, {setWeight: 60, slices: {eu: 10}}, {setWeight: 100}]',
      [
        '16: spec.strategy.steps[1].slices.eu: 10 is less than the 50 before it; at least as much, or users would be moved back',
      ],
    ],
    [
      'beside a pause',
      EU,
      'steps: [{setWeight: 5}, {pause: {}, slices: {eu: 10}}, {setWeight: 100}]',
      [
        '16: spec.strategy.steps[1].slices: has no setWeight beside it; the weight of everybody else, which may be the same as before',
      ],
    ],
    [
      'of a switch',
      EU,
      'blueGreen: {}',
      ['17: spec.slices: blueGreen has one switch for everybody; steps or linear, or previewMatch'],
    ],
  ])('%s', (_, slices, strategy, problems) => {
    expect(found(slices, strategy)).toEqual(problems);
  });

  it('and a match exclude each other', () => {
    expect(found(EU, 'linear: {}', 'match: [{path: /a}]')).toEqual([
      '18: spec.match: a rollout with slices is for everybody; a slice with this match, or no slices',
    ]);
  });
});
