import { type Act, decisions, expectThat, followRollout, type Stage } from '../stage.ts';
import { type CallOutcome, judge, tally } from '../tally.ts';
import { waitUntil } from '../wait-until.ts';

const NAME = 'digits-v3';
const WEIGHT = 10;
const WITHIN_SECONDS = { 'load reports': 5, prometheus: 30 } as const;

/** A candidate that fails 30 % of its calls is taken out of traffic. */
export function rollback(signals: keyof typeof WITHIN_SECONDS): Act {
  return {
    name: 'rollback',
    title: `A candidate that fails 30 % of its calls is rolled back: v3 at ${WEIGHT} %`,
    async play(stage) {
      await stage.setFault(['v3-1'], { failPercent: 30 });
      const startedAt = performance.now();
      await stage.writeSpecs({
        name: NAME,
        stable: 'v2',
        candidate: 'v3',
        weights: [WEIGHT, 50, 100],
        pause: '60s',
      });
      await followRollout(stage, NAME, (status) => status.phase === 'RolledBack');
      await candidateIsQuiet(stage, 'v3');
      const outcomes = stage.load.since(startedAt);
      const figures = rollbackFigures(outcomes, 'v3');
      const counted = tally(outcomes);
      const evidence = await evidenceText(stage);
      stage.narrator.tell(evidence);
      stage.narrator.tell(
        `out of traffic ${figures.afterSeconds.toFixed(1)} s after its first failed call, ${figures.failedRequests} failed`,
      );
      expectThat(
        counted.byVerdict.lost === 0,
        `calls were lost: ${JSON.stringify(counted.lost.slice(0, 3))}`,
      );
      expectThat(
        figures.afterSeconds <= WITHIN_SECONDS[signals],
        `out of traffic after ${figures.afterSeconds.toFixed(1)} s, later than ${WITHIN_SECONDS[signals]} s`,
      );
      return {
        rollback: {
          ...figures,
          callsPerSecond: stage.callsPerSecond,
          candidatePercent: WEIGHT,
          source: signals,
        },
        lostRequests: { byWeights: counted.byVerdict.lost },
      };
    },
  };
}

/** From the end of the candidate's first failed call to the start of the last call that it got. */
function rollbackFigures(
  outcomes: readonly CallOutcome[],
  candidate: string,
): { afterSeconds: number; failedRequests: number } {
  const failed = outcomes.filter((each) => judge(each) === 'injected');
  const firstFailedAt = Math.min(...failed.map((each) => each.endedAt));
  const lastStartedAt = Math.max(
    ...outcomes.filter((each) => each.version === candidate).map((each) => each.startedAt),
    ...failed.map((each) => each.startedAt),
  );
  return { afterSeconds: Math.max(0, lastStartedAt - firstFailedAt) / 1000, failedRequests: failed.length };
}

/** Waits until no call has reached the candidate for a while: the weights are out at every sidecar. */
export async function candidateIsQuiet(stage: Stage, candidate: string): Promise<void> {
  await waitUntil(
    `${candidate} gets no more calls`,
    () => {
      const recent = stage.load.since(performance.now() - 1000);
      return (
        recent.length > 0 && recent.every((each) => each.version !== candidate && judge(each) !== 'injected')
      );
    },
    { timeoutMs: 20_000 },
  );
}

async function evidenceText(stage: Stage): Promise<string> {
  const records = await decisions(stage, `Rollout/demo/${NAME}`);
  return records.find((each) => each.reason === 'GateBreached')?.message ?? 'no decision on record';
}
