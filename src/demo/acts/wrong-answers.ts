import { type Act, expectThat, followRollout } from '../stage.ts';
import { tally } from '../tally.ts';
import { candidateIsQuiet } from './rollback.ts';

const NAME = 'digits-v4';

/** A candidate that answers quickly, without errors, and wrongly is caught by its scores. */
export const wrongAnswers: Act = {
  name: 'wrong answers',
  title: 'A candidate that answers wrongly but quickly is caught by its scores: v4 at 10 %',
  async play(stage) {
    const startedAt = performance.now();
    await stage.writeSpecs({
      name: NAME,
      stable: 'v2',
      candidate: 'v4',
      weights: [10, 50, 100],
      pause: '60s',
    });
    const status = await followRollout(stage, NAME, (each) => each.phase === 'RolledBack');
    await candidateIsQuiet(stage, 'v4');
    const outcomes = stage.load.since(startedAt);
    const counted = tally(outcomes);
    const byCandidate = outcomes.filter((each) => each.version === 'v4');
    const first = Math.min(...byCandidate.map((each) => each.endedAt));
    const last = Math.max(...byCandidate.map((each) => each.startedAt));
    const wrong = byCandidate.filter((each) => each.correct === false).length;
    const gate = status.gates.find((each) => each.type === 'ScoreShift');
    stage.narrator.tell(gate?.message ?? 'no gate on scores');
    stage.narrator.tell(`${wrong} of its ${byCandidate.length} answers were wrong, none failed`);
    expectThat(
      gate?.verdict === 'breach',
      `the gate on scores says ${gate?.verdict ?? 'nothing'}, so something else rolled it back`,
    );
    expectThat(counted.byVerdict.lost === 0, `calls were lost: ${JSON.stringify(counted.lost.slice(0, 3))}`);
    return {
      scores: { afterSeconds: Math.max(0, last - first) / 1000, wrongAnswers: wrong },
      lostRequests: { byWeights: counted.byVerdict.lost },
    };
  },
};
