import { parseArgs } from 'node:util';
import { analysisMetric } from '../../src/core/api/analysis-metric.ts';
import type { RolloutMetric } from '../../src/core/api/model-rollout.ts';
import { TOTAL_WEIGHT } from '../../src/core/ir/ir.ts';
import { observeErrorRate } from '../../src/core/policy/rollout/error-rate-gate.ts';
import { observeLatency } from '../../src/core/policy/rollout/latency-gate.ts';
import { ARGO_DOCUMENTED, argoLike } from '../../src/core/replay/argo-like.ts';
import { FLAGGER_DEFAULTS, FLAGGER_TUTORIAL, flaggerLike } from '../../src/core/replay/flagger-like.ts';
import { lookOf, type PeerRule, type RuleState } from '../../src/core/replay/rule.ts';
import { learnDispersion, NO_DISPERSION } from '../../src/core/stats/dispersion.ts';
import { type Random, seeded } from '../statistics/random.ts';
import { drawVersion, gateLook, type Second } from './traffic.ts';

// Gates as they are, on drawn traffic: 100 requests/s, a tenth of them to the candidate, a look a second, a fixed
// seed. False alarms of equal versions, quiet and bursty, and the same requests judged by the rules of others.

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const runs = Number(values.runs);
const seed = Number(values.seed);

const CANDIDATE_RATE = 10;
const STABLE_RATE = 90;
const HALF_HOUR = 1800;
const ALPHA = 0.001 / 2;
const GOOD: Second = { failureRate: 0.001, medianMs: 20 };

type ErrorRate = Extract<RolloutMetric, { type: 'ErrorRate' }>;
type Latency = Extract<RolloutMetric, { type: 'Latency' }>;
const metric = <T extends RolloutMetric>(given: Record<string, unknown>): T =>
  ({ ...analysisMetric.parse({ name: 'gate', ...given }), onNoData: 'Hold' }) as T;
const ERRORS = metric<ErrorRate>({ type: 'ErrorRate', maxRatio: 2, thresholdRange: { max: 0.01 } });
const SLOWNESS = metric<Latency>({ type: 'Latency', maxRatio: 1.5 });

/** A version's seconds; those below 0 are before the rollout. */
type Course = (second: number) => Second;

/** The first second at which the gates of one run call for something; undefined: never. */
function alarm(
  random: Random,
  gates: { readonly errors?: ErrorRate; readonly latency?: Latency; readonly forgiving: boolean },
  [stable, candidate]: readonly [Course, Course],
  seconds: number,
): number | undefined {
  const timed = gates.latency !== undefined;
  let dispersion = NO_DISPERSION;
  let errors: ReturnType<typeof observeErrorRate> | undefined;
  let latency: ReturnType<typeof observeLatency> | undefined;
  for (let second = gates.forgiving ? -900 : 0; second < seconds; second++) {
    const at = 1000 * (second + 1000);
    const seen = drawVersion(random, STABLE_RATE, stable(second), at, timed && second >= 0);
    const known = dispersion;
    if (gates.forgiving && seen.requests.kind === 'value') {
      dispersion = learnDispersion(dispersion, seen.requests.value, at);
    }
    if (second < 0) continue;
    const versions = {
      stable: seen,
      candidate: drawVersion(random, CANDIDATE_RATE, candidate(second), at, timed),
    };
    const look = gateLook(versions, known, ALPHA, at);
    if (gates.errors) errors = observeErrorRate(gates.errors, errors?.state, look);
    if (gates.latency) latency = observeLatency(gates.latency, latency?.state, look);
    if (errors?.verdict === 'breach' || latency?.verdict === 'breach') return second + 1;
  }
  return undefined;
}

function share(what: string, once: (random: Random) => number | undefined, times = runs): void {
  let alarms = 0;
  for (let run = 0; run < times; run++) if (once(seeded(1000 * seed + run)) !== undefined) alarms += 1;
  process.stdout.write(`  ${what.padEnd(76)} ${alarms} of ${times}\n`);
}

/** Three seconds in which 40 % fail, at moments of each version's own, every so often on average. */
function bursts(random: Random, everySeconds: number): Course {
  let until = Number.NEGATIVE_INFINITY;
  return (second) => {
    if (random.next() < 1 / everySeconds) until = second + 3;
    return second < until ? { ...GOOD, failureRate: 0.4 } : GOOD;
  };
}

/** `n` looks of a peer's rule at the candidate's requests. */
function peerAlarm<State extends RuleState>(
  rule: PeerRule<State>,
  random: Random,
  candidate: Course,
): number | undefined {
  let state = rule.start(0);
  for (let second = 0; second < HALF_HOUR; second++) {
    const at = 1000 * (second + 1);
    const version = drawVersion(random, CANDIDATE_RATE, candidate(second), at);
    const versions = new Map([['v2', version]]);
    state = rule.look(state, lookOf({ service: '', at, versions, queries: new Map() }, 'v2'));
    if (state.outcome !== 'under way') return state.outcome === 'rolled back' ? second + 1 : undefined;
  }
  return undefined;
}

/** Latencies are drawn one by one, which takes its time. */
const fewer = Math.max(1, Math.round(runs / 4));

process.stdout.write(`False alarms of equal versions in 30 minutes (seed ${seed})\n`);
const even: readonly [Course, Course] = [() => GOOD, () => GOOD];
share(
  'rollback, failures and latency independent',
  (random) => alarm(random, { errors: ERRORS, latency: SLOWNESS, forgiving: true }, even, HALF_HOUR),
  fewer,
);
share('freeze by an inflection of failures', (random) =>
  alarm(random, { errors: { ...ERRORS, onBreach: 'Freeze' }, forgiving: false }, even, HALF_HOUR),
);
share(
  'freeze by an inflection of latency (maxRatio 1.25)',
  (random) =>
    alarm(
      random,
      { latency: { ...SLOWNESS, maxRatio: 1.25, onBreach: 'Freeze' }, forgiving: false },
      even,
      HALF_HOUR,
    ),
  fewer,
);
for (const every of [120, 300]) {
  const both = (random: Random) => [bursts(random, every), bursts(random, every)] as const;
  share(`rollback, bursts every ${every} s, believed to be independent`, (random) =>
    alarm(random, { errors: ERRORS, forgiving: false }, both(random), HALF_HOUR),
  );
  share(`rollback, bursts every ${every} s, deflated by 15 minutes before`, (random) =>
    alarm(random, { errors: ERRORS, forgiving: true }, both(random), HALF_HOUR),
  );
}

for (const every of [120, 300]) {
  const dead = () => ({ ...GOOD, failureRate: 1 });
  const taken = Array.from({ length: runs }, (_, run) => {
    const random = seeded(1000 * seed + run);
    return (
      alarm(random, { errors: ERRORS, forgiving: true }, [bursts(random, every), dead], HALF_HOUR) ??
      HALF_HOUR
    );
  }).sort((a, b) => a - b);
  const half = taken[Math.floor(runs / 2)];
  process.stdout.write(
    `  one that fails always, stable with bursts every ${every} s: out after ${half} s, at most ${taken.at(-1)} s\n`,
  );
}

process.stdout.write(
  '\nThe same candidates by each rule: rolled back in 30 minutes, median seconds, failed until then\n',
);
const stages = [
  {
    kind: 'weight',
    weight: TOTAL_WEIGHT / 10,
    pauseMs: Number.POSITIVE_INFINITY,
    mirrorPercent: 0,
    slices: {},
  },
] as const;
const fastest = { ...FLAGGER_DEFAULTS, name: 'Flagger-like, 10 s and 1', intervalMs: 10_000 };
const rules: readonly {
  readonly name: string;
  once(random: Random, stable: Second, candidate: Second): number | undefined;
}[] = [
  {
    name: 'Penstock',
    once: (random, stable, candidate) =>
      alarm(
        random,
        { errors: ERRORS, latency: SLOWNESS, forgiving: false },
        [() => stable, () => candidate],
        HALF_HOUR,
      ),
  },
  ...[fastest, FLAGGER_DEFAULTS, FLAGGER_TUTORIAL].map((settings) => ({
    name: settings.name,
    once: (random: Random, _: Second, candidate: Second) =>
      peerAlarm(flaggerLike(settings), random, () => candidate),
  })),
  {
    name: ARGO_DOCUMENTED.name,
    once: (random, _, candidate) => peerAlarm(argoLike(ARGO_DOCUMENTED, stages), random, () => candidate),
  },
];
const cases: readonly (readonly [string, Second, Second])[] = [
  ['fails always', GOOD, { ...GOOD, failureRate: 1 }],
  ['fails 10 %', GOOD, { ...GOOD, failureRate: 0.1 }],
  ['fails 3 %', GOOD, { ...GOOD, failureRate: 0.03 }],
  ['twice as slow', GOOD, { ...GOOD, medianMs: 40 }],
  ['equal, .1 % fail', GOOD, GOOD],
  ['equal, .5 % fail', { ...GOOD, failureRate: 0.005 }, { ...GOOD, failureRate: 0.005 }],
];
for (const [what, stable, candidate] of cases) {
  for (const { name, once } of rules) {
    const taken = Array.from({ length: fewer }, (_, run) =>
      once(seeded(1000 * seed + run), stable, candidate),
    )
      .filter((second) => second !== undefined)
      .sort((a, b) => a - b);
    const median = taken[Math.floor(taken.length / 2)];
    const cost =
      median === undefined
        ? ''
        : `${median} s, ~${Math.round(median * CANDIDATE_RATE * candidate.failureRate)}`;
    process.stdout.write(
      `  ${what.padEnd(18)} ${name.padEnd(34)} ${`${taken.length} of ${fewer}`.padEnd(10)} ${cost}\n`,
    );
  }
}
