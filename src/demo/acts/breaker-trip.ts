import type { BreakerPhase } from '../../core/status/status.ts';
import { type Act, breaker, expectThat, type Stage } from '../stage.ts';
import { judge, tally } from '../tally.ts';
import { waitUntil } from '../wait-until.ts';

const BROKEN = ['v2-1', 'v2-2'];

/** Everything fails: the breaker opens, the fallback answers, it probes and closes; a restart changes nothing. */
export const breakerTrip: Act = {
  name: 'breaker',
  title: 'Every instance fails: the breaker opens, the lighter model answers, then it half-opens and closes',
  async play(stage) {
    const startedAt = performance.now();
    await stage.setFault(BROKEN, { failPercent: 100 });
    await phase(stage, 'OPEN');
    const opened = firstFallbackAfter(stage, startedAt);
    stage.narrator.tell((await breaker(stage)).message);
    const breakerBefore = (await breaker(stage)).phase;
    stage.narrator.tell('kill -9 of Penstock while the breaker is open');
    const killedAt = performance.now();
    await stage.restartPenstock();
    const breakerAfter = (await breaker(stage)).phase;
    expectThat(breakerAfter !== 'CLOSED', 'the breaker was open before the restart and is closed after it');
    const byRestart = tally(stage.load.since(killedAt)).byVerdict.lost;
    const repairedAt = performance.now();
    await stage.setFault(BROKEN, {});
    await phase(stage, 'CLOSED');
    const closedAfterSeconds = (performance.now() - repairedAt) / 1000;
    await onlyTheModelAnswers(stage);
    const outcomes = stage.load.since(startedAt);
    const counted = tally(outcomes);
    stage.narrator.tell(
      `${counted.byVerdict.injected} calls failed, ${counted.byVerdict.fallback} were answered by the fallback; closed ${closedAfterSeconds.toFixed(1)} s after the repair`,
    );
    const fallbackFailures = outcomes.filter((each) => each.fallback !== undefined && each.code !== 0);
    expectThat(counted.byVerdict.fallback > 0, 'no call was answered by the fallback');
    expectThat(
      fallbackFailures.length === 0,
      `${fallbackFailures.length} calls were sent to the fallback and failed: ${JSON.stringify(fallbackFailures.slice(0, 3))}`,
    );
    expectThat(counted.byVerdict.lost === 0, `calls were lost: ${JSON.stringify(counted.lost.slice(0, 3))}`);
    return {
      breaker: {
        openedAfterSeconds: await opened,
        closedAfterSeconds,
        fallbackAnswers: counted.byVerdict.fallback,
      },
      lostRequests: { byBreaker: counted.byVerdict.lost - byRestart, byRestart },
      restart: { breakerBefore, breakerAfter },
    };
  },
};

async function phase(stage: Stage, wanted: BreakerPhase): Promise<void> {
  let told = '';
  await waitUntil(
    `the breaker is ${wanted}`,
    async () => {
      const status = await breaker(stage);
      const line = `${status.phase}, ${status.admitted / 100} % admitted`;
      if (line !== told) stage.narrator.tell(line);
      told = line;
      return status.phase === wanted && (wanted !== 'CLOSED' || status.admitted === 10_000);
    },
    { timeoutMs: 60_000, everyMs: 100 },
  );
}

/** Seconds from the first failed call to the first answer of the fallback. */
async function firstFallbackAfter(stage: Stage, startedAt: number): Promise<number> {
  const outcomes = await waitUntil('the fallback answers', () => {
    const all = stage.load.since(startedAt);
    return all.some((each) => each.fallback !== undefined) ? all : undefined;
  });
  const firstFailed = Math.min(
    ...outcomes.filter((each) => judge(each) === 'injected').map((each) => each.endedAt),
  );
  const firstFallback = Math.min(
    ...outcomes.filter((each) => each.fallback !== undefined).map((each) => each.endedAt),
  );
  return Math.max(0, firstFallback - firstFailed) / 1000;
}

async function onlyTheModelAnswers(stage: Stage): Promise<void> {
  await waitUntil('only the model answers again', () => {
    const recent = stage.load.since(performance.now() - 1000);
    return recent.length > 0 && recent.every((each) => judge(each) === 'ok');
  });
}
