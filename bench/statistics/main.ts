import { parseArgs } from 'node:util';
import { type SlowSetting, slowAfter } from './latency.ts';
import { type Random, seeded } from './random.ts';
import { naiveRule, type Rule, sequentialRule } from './rules.ts';
import { drawSecond, type Setting } from './traffic.ts';

const ALPHA = 0.001;
const MAX_RATIO = 2;
const MAX_RATE = 0.01;
const STABLE_RATE = 0.001;
const CANDIDATE_SHARE = 0.1;
const HALF_HOUR = 1800;

const ours = sequentialRule('spread', ALPHA, MAX_RATIO, MAX_RATE);
const plain = sequentialRule('once', ALPHA, MAX_RATIO, MAX_RATE);

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed);

interface Outcome {
  readonly seconds: number | undefined;
  readonly failures: number;
}

/** Runs a rule until it rolls back or the time is over; the fault begins after `healthySeconds`. */
function run(random: Random, rule: Rule, setting: Setting, seconds: number, healthySeconds: number): Outcome {
  const look = rule.start();
  const healthy = { ...setting, candidateFailureRate: setting.stableFailureRate };
  for (let second = 0; second < healthySeconds; second++) {
    if (look(drawSecond(random, healthy))) return { seconds: 0, failures: 0 };
  }
  let failures = 0;
  for (let second = 1; second <= seconds; second++) {
    const counts = drawSecond(random, setting);
    failures += counts.candidate.failures;
    if (look(counts)) return { seconds: second, failures };
  }
  return { seconds: undefined, failures };
}

function settingOf(ratePerSecond: number, candidateFailureRate: number): Setting {
  return {
    ratePerSecond,
    candidateShare: CANDIDATE_SHARE,
    stableFailureRate: STABLE_RATE,
    candidateFailureRate,
  };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Median time to the decision and failures until then. */
function detection(rule: Rule, setting: Setting, healthySeconds: number, repetitions: number) {
  const random = seeded(seed);
  const outcomes = Array.from({ length: repetitions }, () =>
    run(random, rule, setting, 3 * HALF_HOUR, healthySeconds),
  );
  return {
    candidateFailureRate: setting.candidateFailureRate,
    ratePerSecond: setting.ratePerSecond,
    afterHealthySeconds: healthySeconds,
    medianSeconds: median(outcomes.map((outcome) => outcome.seconds ?? Number.POSITIVE_INFINITY)),
    medianFailures: median(outcomes.map((outcome) => outcome.failures)),
  };
}

/** Share of half hours in which a candidate as good as stable is rolled back. */
function falseAlarms(rule: Rule, ratePerSecond: number, failureRate: number) {
  const random = seeded(seed + 1);
  const setting = { ...settingOf(ratePerSecond, failureRate), stableFailureRate: failureRate };
  let alarms = 0;
  for (let i = 0; i < runs; i++) {
    if (run(random, rule, setting, HALF_HOUR, 0).seconds !== undefined) alarms += 1;
  }
  return { rule: rule.name, ratePerSecond, failureRate, runs, alarms, share: alarms / runs };
}

/** The latency gate beside one on errors, which takes half of α. */
const slowSetting = (ratePerSecond: number, slowness: number, tolerated: number): SlowSetting => ({
  ratePerSecond,
  candidateShare: CANDIDATE_SHARE,
  slowness,
  tolerated,
  alpha: ALPHA / 2,
});

function slowDetection(slowness: number, tolerated: number) {
  const seconds = rates.map((rate) => {
    const random = seeded(seed);
    const taken = Array.from(
      { length: 200 },
      () => slowAfter(random, slowSetting(rate, slowness, tolerated), HALF_HOUR) ?? Number.POSITIVE_INFINITY,
    );
    return { ratePerSecond: rate, medianSeconds: median(taken) };
  });
  return { slowness, tolerated, seconds };
}

/** Half hours in which a candidate that is exactly as slow as is tolerated, or as fast as stable, is rolled back. */
function slowAlarms(slowness: number, tolerated: number) {
  const random = seeded(seed + 2);
  let alarms = 0;
  for (let i = 0; i < runs; i++) {
    if (slowAfter(random, slowSetting(100, slowness, tolerated), HALF_HOUR) !== undefined) alarms += 1;
  }
  return { slowness, tolerated, runs, alarms };
}

const rates = [1000, 100, 10];
const detections = [ours, plain].flatMap((rule) =>
  [1, 0.5, 0.1, 0.05].flatMap((failing) =>
    rates.map((rate) => ({ rule: rule.name, ...detection(rule, settingOf(rate, failing), 0, 200) })),
  ),
);
const lateFaults = [ours, plain].map((rule) => ({
  rule: rule.name,
  ...detection(rule, settingOf(100, 1), HALF_HOUR, 50),
}));
const alarms = [ours, plain, naiveRule].flatMap((rule) =>
  [0.001, 0.01, 0.05].map((failureRate) => falseAlarms(rule, 100, failureRate)),
);
const slow = [slowDetection(2, 1.5), slowDetection(1.9, 1.5), slowDetection(2, 1.25)];
const slowFalse = [slowAlarms(1, 1), slowAlarms(1.5, 1.5)];

if (values.json) {
  console.log(
    JSON.stringify({ seed, alpha: ALPHA, detections, lateFaults, alarms, slow, slowFalse }, null, 2),
  );
} else {
  console.log(
    `α = ${ALPHA}, r0 = ${MAX_RATIO}, δ = ${MAX_RATE}, stable at ${STABLE_RATE}, candidate at ${CANDIDATE_SHARE} of the traffic, a look a second, seed ${seed}\n`,
  );
  for (const rule of [ours, plain]) printDetections(rule);
  console.log('A fault that begins after 30 healthy minutes: all fail, 100 requests/s');
  for (const row of lateFaults) {
    console.log(`  ${row.rule.padEnd(40)} ${row.medianSeconds} s, ${row.medianFailures} failures`);
  }
  console.log(`\nFalse rollbacks in 30 minutes of equal versions at 100 requests/s (${runs} runs)`);
  for (const row of alarms) {
    console.log(
      `  ${row.rule.padEnd(40)} both failing ${(100 * row.failureRate).toFixed(1).padStart(4)} %: ${(100 * row.share).toFixed(2)} %`,
    );
  }
  console.log(`\nMedian time to the rollback of a slow candidate, at ${rates.join('/s, ')}/s`);
  for (const { slowness, tolerated, seconds } of slow) {
    const taken = seconds.map(({ medianSeconds }) => `${medianSeconds} s`).join(', ');
    console.log(`  ${slowness} times as slow, ${tolerated} tolerated: ${taken}`);
  }
  console.log('False rollbacks by latency in 30 minutes at 100 requests/s');
  for (const { slowness, tolerated, alarms } of slowFalse) {
    console.log(`  ${slowness} times as slow, ${tolerated} tolerated: ${alarms} of ${runs}`);
  }
}

function printDetections(rule: Rule): void {
  console.log(`Median time to the rollback: ${rule.name}`);
  console.log(
    `  candidate fails | ${rates.map((rate) => `${rate}/s`.padStart(8)).join(' | ')} | failures at 100/s`,
  );
  for (const failing of [1, 0.5, 0.1, 0.05]) {
    const rows = detections.filter((row) => row.rule === rule.name && row.candidateFailureRate === failing);
    const cells = rates.map((rate) => {
      const row = rows.find((candidate) => candidate.ratePerSecond === rate);
      return `${row?.medianSeconds} s`.padStart(8);
    });
    const failures = rows.find((row) => row.ratePerSecond === 100)?.medianFailures;
    console.log(`  ${`${100 * failing} %`.padStart(15)} | ${cells.join(' | ')} | ${failures}`);
  }
  console.log('');
}
