import { describe, expect, it } from 'vitest';
import { decideWorkload } from './decide-workload.ts';
import { NO_WORKLOAD, type ScaledRollout, type WorkloadDecision, type WorkloadInput } from './decision.ts';

const DELAY_MS = 30_000;

const ROLLOUT: ScaledRollout = {
  stable: 'v1',
  candidate: 'v2',
  standing: 'underWay',
  share: 0,
  acknowledged: true,
  maxSurge: undefined,
  scaleDownDelay: DELAY_MS,
};

type Given = Omit<Partial<WorkloadInput>, 'rollout'> & { readonly rollout?: Partial<ScaledRollout> | null };

/** Looks 10 s apart; each goes on from what the one before left. */
function looks(...given: readonly Given[]): readonly WorkloadDecision[] {
  const decisions: WorkloadDecision[] = [];
  for (const [index, { rollout, ...rest }] of given.entries()) {
    decisions.push(
      decideWorkload({
        workloads: new Map(['v1', 'v2'].map((version) => [version, { replicas: 4, pods: 4 }])),
        rollout: rollout === null ? undefined : { ...ROLLOUT, ...rollout },
        needs: new Map([
          ['v1', 4],
          ['v2', 1],
        ]),
        named: new Set(),
        frozen: false,
        state: decisions.at(-1)?.state ?? NO_WORKLOAD,
        nowMs: 1_700_000_000_000 + index * 10_000,
        ...rest,
      }),
    );
  }
  return decisions;
}

/** `v2 ≥1, v1 ≤0` */
function targetsOf(decision: WorkloadDecision | undefined): string {
  return [...(decision?.targets ?? [])]
    .map(([version, { atLeast, atMost }]) => {
      const least = atLeast === undefined ? '' : ` ≥${atLeast}`;
      return `${version}${least}${atMost === undefined ? '' : ` ≤${atMost}`}`;
    })
    .join(', ');
}

const last = (...given: readonly Given[]) => targetsOf(looks(...given).at(-1));

const scaled = (v1: number | undefined, v2: number | undefined) =>
  new Map([
    ['v1', { replicas: v1, pods: v1 }],
    ['v2', { replicas: v2, pods: v2 }],
  ]);

describe('the replicas of a rollout', () => {
  it.each<readonly [string, readonly Given[], string]>([
    ['gives the candidate what its next stage needs', [{}], 'v2 ≥1'],
    ['says nothing of stable while it is needed', [{ rollout: { share: 0.5 } }], 'v2 ≥1'],
    ['gives the candidate one at the least', [{ needs: new Map([['v2', 0]]) }], 'v2 ≥1'],
    ['leaves alone what it may not scale', [{ workloads: new Map() }], ''],
    ['does nothing without a rollout', [{ rollout: null }], ''],
    ['does nothing while everything is frozen', [{ frozen: true }], ''],
    ['lets stable go when it is over', [{}, { rollout: { standing: 'completed' } }], 'v1 ≤0'],
    [
      'lets nobody go to whom something leads',
      [{}, { rollout: { standing: 'completed' }, named: new Set(['v1']) }],
      '',
    ],
    [
      'lets it go once',
      [
        {},
        { rollout: { standing: 'completed' } },
        { rollout: { standing: 'completed' }, workloads: scaled(0, 4) },
        // A person scales it up again.
        { rollout: { standing: 'completed' }, workloads: scaled(2, 4) },
      ],
      '',
    ],
    ['keeps the candidate that was rolled back for a while', [{}, { rollout: { standing: 'over' } }], ''],
    ['and lets it go then', [{}, ...Array(4).fill({ rollout: { standing: 'over' } })], 'v2 ≤0'],
    [
      'lets the candidate of a rollout that was removed go',
      [{}, ...Array(4).fill({ rollout: null })],
      'v2 ≤0',
    ],
    [
      'does not touch the candidate of a rollout that was over before it was seen',
      Array(6).fill({ rollout: { standing: 'over' } }),
      '',
    ],
    [
      'keeps it when it is tried again',
      [{}, ...Array(5).fill({ rollout: { standing: 'over' } }), {}],
      'v2 ≥1',
    ],
    [
      'lets the candidate that was replaced go, and keeps the new one',
      [{}, ...Array(4).fill({ rollout: { candidate: 'v3' } })],
      'v2 ≤0',
    ],
  ])('%s', (_, given, expected) => {
    expect(last(...given)).toBe(expected);
  });
});

describe('a surge of 1', () => {
  const rollout = { maxSurge: 1 };
  const needs = (v2: number) =>
    new Map([
      ['v1', 4],
      ['v2', v2],
    ]);

  it('is one replica beside stable before the first traffic', () => {
    expect(last({ rollout, needs: needs(1), workloads: scaled(4, 0) })).toBe('v2 ≥1, v1 ≥4 ≤4');
  });

  it('makes room on stable only for a share that was acknowledged', () => {
    const later = { share: 0.5, ...rollout };
    const unheard = { rollout: { ...later, acknowledged: false }, needs: needs(3), workloads: scaled(4, 1) };
    const heard = { rollout: later, needs: needs(3), workloads: scaled(4, 1) };
    expect(last({ rollout }, unheard)).toBe('v2 ≥1, v1 ≥4 ≤4');
    expect(last({ rollout }, unheard, heard)).toBe('v2 ≥1, v1 ≥2 ≤2');
    expect(last({ rollout }, unheard, heard, { ...heard, workloads: scaled(2, 1) })).toBe('v2 ≥3, v1 ≥2 ≤2');
  });

  it('asks for all of stable again the moment that traffic goes back', () => {
    const on = { rollout: { ...rollout, share: 0.75 }, needs: needs(4), workloads: scaled(1, 4) };
    const back = { ...on, rollout: { ...rollout, share: 0, acknowledged: false } };
    expect(last(on, back)).toMatch('v1 ≥4 ≤4');
  });

  it('has a candidate that was rolled back make room at once', () => {
    const on = { rollout: { ...rollout, share: 0.75 }, needs: needs(4), workloads: scaled(1, 4) };
    expect(last(on, { ...on, rollout: { ...rollout, standing: 'over' } })).toBe('v2 ≤0');
  });

  it('is told to autoscalers', () => {
    const [decision] = looks({
      rollout: { ...rollout, share: 0.5 },
      needs: needs(3),
      workloads: scaled(2, 1),
    });
    expect(Object.fromEntries(decision?.bounds ?? [])).toEqual({ v1: 2, v2: 3 });
  });
});
