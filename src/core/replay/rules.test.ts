import { describe, expect, it } from 'vitest';
import { TOTAL_WEIGHT } from '../ir/ir.ts';
import { planStages } from '../policy/rollout/plan.ts';
import { ARGO_DOCUMENTED, argoLike } from './argo-like.ts';
import { FLAGGER_DEFAULTS, FLAGGER_TUTORIAL, flaggerLike } from './flagger-like.ts';
import type { PeerRule, RuleLook, RuleState } from './rule.ts';

const HOUR_S = 3600;

/** Looks at a rule each second until it is over: the second and where it came to. */
function run<State extends RuleState>(
  rule: PeerRule<State>,
  look: (second: number) => Omit<RuleLook, 'atMs'>,
  seconds = 2 * HOUR_S,
): { readonly second: number; readonly state: State } {
  let state = rule.start(0);
  for (let second = 1; second <= seconds; second++) {
    state = rule.look(state, { ...look(second), atMs: 1000 * second });
    if (state.outcome !== 'under way') return { second, state };
  }
  return { second: seconds, state };
}

/** A tenth of 100 requests a second, of which a share fails. */
const failing = (share: number) => () => ({
  requests: { requests: 10, failures: 10 * share },
  latencyMs: undefined,
});
const slow = () => ({
  requests: { requests: 10, failures: 0 },
  latencyMs: { bounds: [100, 500, 1000], counts: [0, 9, 1, 0] },
});
const silent = () => ({ requests: { requests: 0, failures: 0 }, latencyMs: undefined });

describe('a Flagger-like rule', () => {
  it.each([
    ['defaults: the check after the first bad one', FLAGGER_DEFAULTS, failing(1), 'rolled back', 120],
    ['tutorial: the check after the fifth bad one', FLAGGER_TUTORIAL, failing(1), 'rolled back', 360],
    ['a candidate of exactly its bound is good', FLAGGER_DEFAULTS, failing(0.01), 'promoted', 300],
    ['a slow candidate', FLAGGER_DEFAULTS, slow, 'rolled back', 120],
    ['no traffic counts as bad', FLAGGER_DEFAULTS, silent, 'rolled back', 120],
    ['a good one: five weights and a last check', FLAGGER_TUTORIAL, failing(0), 'promoted', 300],
  ] as const)('%s', (_, settings, look, outcome, second) => {
    const ended = run(flaggerLike(settings), look);
    expect([ended.state.outcome, ended.second]).toEqual([outcome, second]);
  });

  it('counts bad checks in sum, not in a row', () => {
    const everySecondMinute = (second: number) => failing(Math.ceil(second / 60) % 2)();
    const rule = flaggerLike({ ...FLAGGER_TUTORIAL, threshold: 2, maxPercent: 100 });
    expect(run(rule, everySecondMinute)).toMatchObject({ second: 240, state: { outcome: 'rolled back' } });
  });

  it('raises the weight with each good check', () => {
    const weights = new Set<number>();
    let state = flaggerLike(FLAGGER_TUTORIAL).start(0);
    for (let second = 0; second <= 300; second++) {
      weights.add(state.weight);
      state = flaggerLike(FLAGGER_TUTORIAL).look(state, { ...failing(0)(), atMs: 1000 * second });
    }
    expect([...weights]).toEqual([1000, 2000, 3000, 4000, 5000]);
  });
});

describe('an Argo-like rule', () => {
  const stages = planStages({
    steps: [{ setWeight: 20 }, { pause: { duration: HOUR_S * 1000 } }, { setWeight: 100 }],
  } as Parameters<typeof planStages>[0]);

  it.each([
    ['the fourth failed measurement, five minutes apart', failing(1), 'rolled back', 901],
    ['a candidate of exactly its bound is good', failing(0.05), 'promoted', HOUR_S],
    ['five measurements in a row without a value', silent, 'rolled back', 41],
    ['slowness is not asked for', slow, 'promoted', HOUR_S],
  ] as const)('%s', (_, look, outcome, second) => {
    const ended = run(argoLike(ARGO_DOCUMENTED, stages), look);
    expect([ended.state.outcome, ended.second]).toEqual([outcome, second]);
  });

  it('steps by the clock, whatever it measures', () => {
    const { state } = run(argoLike(ARGO_DOCUMENTED, stages), failing(0), 10);
    expect(state.weight).toBe(TOTAL_WEIGHT / 5);
  });

  it('waits where a step waits for somebody', () => {
    const open = planStages({ steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 100 }] } as never);
    expect(run(argoLike(ARGO_DOCUMENTED, open), failing(0))).toMatchObject({
      state: { outcome: 'under way' },
    });
  });
});
