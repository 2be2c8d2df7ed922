import { type Breach, type RunRecord, type Sample, struckIn } from './record.ts';
import { STEP_EVERY_MS } from './specs.ts';

/** A look comes a little early, as a timer may be. */
const STEP_SLACK_MS = 200;
/** Without an answer for so long it does not go on slowly, it stands. */
const STANDSTILL_MS = 5_000;
/** However often it is struck: a rollout that nothing happens to for so long is stuck. */
const STUCK_MS = 120_000;

/** A rise and the next one are as far apart as the spec says, but where the clock stepped in between. */
export function earlySteps(run: RunRecord): Breach[] {
  const stepped = struckIn(run).filter(({ kind }) => kind === 'clock stepped');
  const found: Breach[] = [];
  let last: { readonly story: string; readonly since: number } | undefined;
  for (const [i, { until, rollout }] of run.samples.entries()) {
    const before = run.samples[i - 1];
    const isSame = before?.rollout.story === rollout.story;
    if (!before || !isSame || rollout.weight < before.rollout.weight) last = undefined;
    if (!before || !isSame || rollout.weight <= before.rollout.weight) continue;
    const since = last?.since ?? Number.NEGATIVE_INFINITY;
    const apart = until - since;
    const isStepped = stepped.some(
      ({ beganAt, healedAt }) => beganAt <= until && healedAt >= since - STEP_EVERY_MS,
    );
    if (apart < STEP_EVERY_MS - STEP_SLACK_MS && !isStepped)
      found.push({
        at: until,
        detail: `${before.rollout.weight / 100} % → ${rollout.weight / 100} % ${Math.round(apart)} ms after the step before`,
      });
    // It rose after it was last seen lower.
    last = { story: rollout.story, since: before.at };
  }
  return found;
}

/** Weight, phase or course of the rollout change again and again. */
export function stuckRollouts({ samples }: RunRecord): Breach[] {
  const found: Breach[] = [];
  let changed = samples[0];
  for (const sample of samples) {
    if (changed === undefined || whereIs(sample) !== whereIs(changed)) changed = sample;
    else if (sample.at - changed.at > STUCK_MS) {
      found.push({ at: sample.at, detail: `${whereIs(sample)} for ${STUCK_MS / 1000} s` });
      changed = sample;
    }
  }
  return found;
}

function whereIs({ rollout: { story, phase, weight } }: Sample): string {
  return `${story} ${phase} at ${weight / 100} %`;
}

/** While the disk of the state is slow, the control plane goes on answering. */
export function standstills(run: RunRecord): Breach[] {
  const slow = struckIn(run).filter(({ kind }) => kind === 'disk slow');
  return slow.flatMap(({ beganAt, healedAt }) => {
    const answered = run.samples.map(({ until }) => until).filter((at) => at > beganAt && at < healedAt);
    const times = [beganAt, ...answered, healedAt];
    const longest = Math.max(...times.map((at, i) => at - (times[i - 1] ?? at)));
    return longest > STANDSTILL_MS
      ? [{ at: healedAt, detail: `nothing was answered for ${Math.round(longest)} ms` }]
      : [];
  });
}
