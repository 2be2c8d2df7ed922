import { parseArgs } from 'node:util';
import { startLoad } from '../../e2e/protection/load.ts';
import type { RolloutStatus } from '../../src/core/status/status.ts';
import { HOST, startWorld, type World } from './world.ts';

// The bank's case: 5 %, then 10 % more each hour while scores shift by at most 5 %, rejections differ by at most 1 %
// and P95 is under 80 ms; with real Envoys and hours that are seconds. A good candidate takes over; one whose scores
// shift from 60 % on is taken out. Exit 0 only if both happened.

const SHIFT_FROM = 6000;
const SHIFT = 0.2;
const LONGEST_HOURS = 40;

const { values } = parseArgs({
  options: {
    hour: { type: 'string', default: '20' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const hourMs = 1000 * Number(values.hour);
const rate = Number(values.rate);

interface Run {
  readonly candidate: 'as good as stable' | 'shifts at 60 %';
  readonly ended: string;
  /** Weights in percent and when they were in force, accelerated hours since the first. */
  readonly weights: readonly { readonly percent: number; readonly hours: number }[];
  readonly calls: number;
  readonly failedCalls: number;
  readonly toCandidate: number;
  /** Of those, with shifted scores. */
  readonly shiftedCalls: number;
  /** From the first shifted score to the decision, ms. */
  readonly decidedAfterMs: number | undefined;
  readonly reason: string;
}

/** Plays one rollout to its end. */
async function play(shifts: boolean): Promise<Run> {
  await using world = await startWorld(hourMs, Number(values.seed));
  const load = startLoad(world.caller, HOST, rate);
  const story = await follow(world, shifts);
  await load.stop();
  const counts = await world.candidate.counts();
  return {
    candidate: shifts ? 'shifts at 60 %' : 'as good as stable',
    ...story,
    calls: load.answers.length,
    failedCalls: load.answers.filter(({ status }) => status !== 0).length,
    toCandidate: counts.calls,
    shiftedCalls: counts.shiftedCalls,
  };
}

async function follow(
  { penstock, candidate }: World,
  shifts: boolean,
): Promise<Pick<Run, 'ended' | 'weights' | 'decidedAfterMs' | 'reason'>> {
  const weights: { percent: number; hours: number }[] = [];
  let startedAt: number | undefined;
  let shiftedAt: number | undefined;
  const deadline = Date.now() + LONGEST_HOURS * hourMs;
  let status: RolloutStatus = await penstock.rollout();
  for (; Date.now() < deadline; status = await penstock.rollout()) {
    const now = Date.now();
    const percent = status.weight / 100;
    if (status.weight > 0 || weights.length > 0) startedAt ??= now;
    if (startedAt !== undefined && weights.at(-1)?.percent !== percent) {
      weights.push({ percent, hours: (now - startedAt) / hourMs });
      process.stderr.write(
        `${((now - startedAt) / hourMs).toFixed(1)} h: ${percent} % (${status.message})\n`,
      );
    }
    if (shifts && shiftedAt === undefined && status.weight >= SHIFT_FROM) {
      await candidate.shift(SHIFT);
      shiftedAt = now;
    }
    if (status.phase === 'Completed' || status.phase === 'RolledBack') break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const decisions = await penstock.decisions();
  const back = decisions.find(
    ({ subject, reason }) => subject.startsWith('Rollout/') && reason === 'GateBreached',
  );
  const decidedAfterMs = back === undefined || shiftedAt === undefined ? undefined : back.at - shiftedAt;
  return { ended: status.phase, weights, decidedAfterMs, reason: status.message };
}

function describe(run: Run): string {
  const weights = run.weights.map(({ percent, hours }) => `${percent} % at ${hours.toFixed(1)} h`).join(', ');
  return [
    `a candidate that ${run.candidate === 'as good as stable' ? 'is as good as stable' : run.candidate}: ${run.ended}`,
    `  ${weights}`,
    `  ${run.calls} calls, ${run.failedCalls} failed, ${run.toCandidate} to the candidate`,
    ...(run.decidedAfterMs === undefined
      ? []
      : [
          `  taken out ${(run.decidedAfterMs / 1000).toFixed(1)} s after the shift, ${run.shiftedCalls} shifted answers`,
        ]),
    `  ${run.reason}`,
    '',
  ].join('\n');
}

const runs = [await play(false), await play(true)];
process.stdout.write(
  values.json ? `${JSON.stringify({ hourMs, rate, runs }, undefined, 2)}\n` : runs.map(describe).join('\n'),
);
const asTold = runs[0]?.ended === 'Completed' && runs[1]?.ended === 'RolledBack';
process.exitCode = asTold ? 0 : 1;
