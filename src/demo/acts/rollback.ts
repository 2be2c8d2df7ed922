import type { RollbackFigures } from '../report.ts';
import { type Act, decisions, expectThat, followRollout, type Stage } from '../stage.ts';
import { type CallOutcome, judge, tally } from '../tally.ts';
import { waitUntil } from '../wait-until.ts';
import type { SignalsInUse } from '../world.ts';

const WEIGHT = 10;
const WITHIN_SECONDS: Readonly<Record<SignalsInUse, number>> = { 'load reports': 5, prometheus: 30 };
const SCRAPE_INTERVAL = '5s';

/** A candidate that fails 30 % of its calls is taken out of traffic. */
export function rollback(signals: SignalsInUse): Act {
  return {
    name: 'rollback',
    title: `A candidate that fails 30 % of its calls is rolled back: v3 at ${WEIGHT} %`,
    async play(stage) {
      const { figures, lost } = await failAndRollBack(stage, 'digits-v3', signals);
      return { rollback: figures, lostRequests: { byWeights: lost } };
    },
  };
}

/** The same once more without load reports. */
export const rollbackByPrometheus: Act = {
  name: 'rollback by Prometheus',
  title: `The same by Prometheus alone: load reports off, a scrape every ${SCRAPE_INTERVAL}`,
  async play(stage) {
    await stage.readPrometheusAlone(SCRAPE_INTERVAL);
    const { figures, lost } = await failAndRollBack(stage, 'digits-v3-again', 'prometheus');
    return { rollbackByPrometheus: figures, lostRequests: { byWeights: lost } };
  },
};

async function failAndRollBack(
  stage: Stage,
  name: string,
  signals: SignalsInUse,
): Promise<{ readonly figures: RollbackFigures; readonly lost: number }> {
  await stage.setFault(['v3-1'], { failPercent: 30 });
  const startedAt = performance.now();
  await stage.writeSpecs({ name, stable: 'v2', candidate: 'v3', weights: [WEIGHT, 50, 100], pause: '60s' });
  await followRollout(stage, name, (status) => status.phase === 'RolledBack');
  await candidateIsQuiet(stage, 'v3');
  const outcomes = stage.load.since(startedAt);
  const { afterSeconds, failedRequests } = measure(outcomes, 'v3');
  const counted = tally(outcomes);
  stage.narrator.tell(await evidenceText(stage, name));
  stage.narrator.tell(
    `out of traffic ${afterSeconds.toFixed(1)} s after its first failed call, ${failedRequests} failed`,
  );
  expectThat(counted.byVerdict.lost === 0, `calls were lost: ${JSON.stringify(counted.lost.slice(0, 3))}`);
  const limit = WITHIN_SECONDS[signals];
  expectThat(
    afterSeconds <= limit,
    `out of traffic after ${afterSeconds.toFixed(1)} s, later than ${limit} s`,
  );
  const { callsPerSecond } = stage;
  return {
    figures: { afterSeconds, failedRequests, callsPerSecond, candidatePercent: WEIGHT, source: signals },
    lost: counted.byVerdict.lost,
  };
}

/** From the end of the candidate's first failed call to the start of the last call that it got. */
function measure(outcomes: readonly CallOutcome[], candidate: string) {
  const failed = outcomes.filter((each) => judge(each) === 'injected');
  const firstFailedAt = Math.min(...failed.map((each) => each.endedAt));
  const lastStartedAt = Math.max(
    ...outcomes.filter((each) => each.version === candidate).map((each) => each.startedAt),
    ...failed.map((each) => each.startedAt),
  );
  return {
    afterSeconds: Math.max(0, lastStartedAt - firstFailedAt) / 1000,
    failedRequests: failed.length,
  };
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

async function evidenceText(stage: Stage, name: string): Promise<string> {
  const records = await decisions(stage, `Rollout/demo/${name}`);
  return records.find((each) => each.reason === 'GateBreached')?.message ?? 'no decision on record';
}
