import { describe, expect, it } from 'vitest';
import { judge } from './invariants.ts';
import type { Call, RunRecord, Sample, Struck } from './record.ts';

const call = (at: number, given: Partial<Call> = {}): Call => ({
  beganAt: at,
  endedAt: at + 10,
  user: 1,
  sidecar: 'client-0',
  status: 0,
  message: '',
  version: 'v1',
  ...given,
});

const sample = (
  at: number,
  weight: number,
  given: Partial<Sample> & { story?: string; phase?: string } = {},
): Sample => ({
  at,
  until: at + 10,
  rollout: {
    story: given.story ?? '1',
    phase: given.phase ?? 'Progressing',
    stable: 'v1',
    candidate: 'v2',
    weight,
  },
  weights: given.weights ?? [10_000 - weight, weight],
  breaker: given.breaker ?? 'CLOSED',
  rejections: given.rejections ?? [],
});

const struck = (kind: string, given: Partial<Struck> = {}): Struck => ({
  id: 0,
  kind,
  what: '',
  beganAt: 1_000,
  healedAt: 5_000,
  excuses: 'none',
  ...given,
});

const run = (given: Partial<RunRecord> & { faults?: readonly Struck[] }): RunRecord => ({
  calls: [],
  samples: [],
  episodes: [{ faults: given.faults ?? [], recoveredMs: 100, waitedFor: '', starvedMs: 0 }],
  memory: [],
  crashes: [],
  audit: { code: 0, text: '' },
  ...given,
});

const broken = (record: RunRecord) => judge(record).map(({ promise, detail }) => `${promise}: ${detail}`);

describe('what is judged', () => {
  it('finds nothing in a run where all is well', () => {
    expect(
      broken(
        run({ calls: [call(0), call(100, { version: 'v2' })], samples: [sample(0, 0), sample(50, 9_000)] }),
      ),
    ).toEqual([]);
  });

  it('takes a failed call for lost, but while a fault excuses it', () => {
    const failed = call(2_000, { status: 14, message: 'reset' });
    expect(broken(run({ calls: [failed] }))).toEqual([
      'no request is lost by our doing: user 1 by client-0: 14 reset',
    ]);
    const faults = (excuses: Struck['excuses']) => [struck('x', { excuses })];
    expect(broken(run({ calls: [failed], faults: faults('none') }))).toHaveLength(1);
    expect(broken(run({ calls: [failed], faults: faults('all') }))).toEqual([]);
    expect(broken(run({ calls: [failed], faults: faults({ sidecar: 'client-0' }) }))).toEqual([]);
    expect(broken(run({ calls: [failed], faults: faults({ sidecar: 'client-1' }) }))).toHaveLength(1);
    expect(broken(run({ calls: [call(20_000, { status: 14 })], faults: faults('all') }))).toHaveLength(1);
  });

  it('takes a user back on stable for moved back, but after the weight fell or in another story', () => {
    const calls = [call(100, { version: 'v2' }), call(300)];
    expect(broken(run({ calls, samples: [sample(0, 1_000), sample(400, 2_000)] }))).toEqual([
      'nobody is moved back: user 1: v2, then v1, at 10 %',
    ]);
    expect(broken(run({ calls, samples: [sample(0, 1_000), sample(200, 0), sample(400, 0)] }))).toEqual([]);
    expect(broken(run({ calls, samples: [sample(0, 1_000), sample(400, 1_000, { story: '2' })] }))).toEqual(
      [],
    );
  });

  it.each<[string, Partial<RunRecord> & { faults?: readonly Struck[] }, string]>([
    [
      'weights that do not sum up',
      { samples: [sample(0, 0, { weights: [5_000, 4_000] })] },
      'weights sum to the total',
    ],
    [
      'a weight that rises in the dark',
      {
        samples: [sample(6_000, 1_000), sample(7_000, 2_000)],
        faults: [struck('blindness', { healedAt: 9_000 })],
      },
      'nothing advances blind',
    ],
    [
      'a weight that is forgotten',
      { samples: [sample(900, 3_000), sample(5_100, 0)], faults: [struck('penstock killed')] },
      'a restart goes on where it was',
    ],
    [
      'a breaker that opens by itself',
      { samples: [sample(0, 0), sample(1, 0, { breaker: 'OPEN' })] },
      'no breaker opens without a cause',
    ],
    [
      'a rejection',
      { samples: [sample(0, 0, { rejections: ['no such cluster'] })] },
      'every configuration is accepted',
    ],
    [
      'a slow recovery',
      {
        episodes: [
          { faults: [struck('x')], recoveredMs: 6_001, waitedFor: 'acknowledgements', starvedMs: 1_000 },
        ],
      },
      'all is well 5 s after the last fault',
    ],
    [
      'memory that grows',
      { memory: Array.from({ length: 90 }, (_, at) => ({ at, bytes: 2e8 + at * 4e6 })) },
      'memory is bounded',
    ],
    [
      'a step that comes early',
      { samples: [sample(0, 0), sample(900, 2_000), sample(1_600, 4_000)] },
      'no step comes early',
    ],
    [
      'a rollout that nothing happens to any more',
      { samples: [sample(0, 2_000), sample(60_000, 2_000), sample(121_000, 2_000)] },
      'a rollout goes on',
    ],
    [
      'a disk that stops everything',
      { samples: [sample(1_500, 0), sample(8_900, 0)], faults: [struck('disk slow', { healedAt: 9_000 })] },
      'a slow disk stops nothing',
    ],
    ['a crash', { crashes: ['exit code 1'] }, 'no process ends by itself'],
    ['a broken audit', { audit: { code: 1, text: 'row 3' } }, 'the audit is whole'],
  ])('finds %s', (_, given, promise) => {
    expect(judge(run(given)).map((each) => each.promise)).toEqual([promise]);
  });
});
