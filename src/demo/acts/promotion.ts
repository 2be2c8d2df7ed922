import {
  type Act,
  type ActFigures,
  breaker,
  expectThat,
  followRollout,
  type Stage,
  service,
  sidecars,
  weightsText,
} from '../stage.ts';
import { tally, usersMovedBack } from '../tally.ts';
import { waitUntil } from '../wait-until.ts';

const NAME = 'digits-v2';
const WEIGHTS = [5, 25, 50, 100];
const RESTART_AT = 25;

/** A good candidate takes over by itself, although Penstock is killed on the way. */
export const promotion: Act = {
  name: 'promotion',
  title: 'A good candidate is promoted: v1 → v2, 5 → 25 → 50 → 100 %; Penstock is killed on the way',
  async play(stage) {
    const startedAt = performance.now();
    await stage.writeSpecs({ name: NAME, stable: 'v1', candidate: 'v2', weights: WEIGHTS, pause: '3s' });
    await followRollout(
      stage,
      NAME,
      (status) => status.weight === RESTART_AT * 100 && status.laggards.length === 0,
    );
    const restart = await killAndRestart(stage);
    const seen = new Set<number>([5, RESTART_AT]);
    await followRollout(stage, NAME, (status) => {
      seen.add(status.weight / 100);
      return status.phase === 'Completed' || status.phase === 'Baking';
    });
    const afterSeconds = (performance.now() - startedAt) / 1000;
    const outcomes = stage.load.since(startedAt);
    const counted = tally(outcomes);
    const movedBack = usersMovedBack(outcomes, 'v1', 'v2');
    const { byRestart, ...restartFigures } = restart;
    const byWeights = counted.byVerdict.lost - byRestart;
    stage.narrator.tell(
      `${counted.calls} calls, ${counted.byVerdict.lost} lost, ${movedBack} users moved back`,
    );
    expectThat(counted.byVerdict.lost === 0, `calls were lost: ${JSON.stringify(counted.lost.slice(0, 3))}`);
    expectThat(movedBack === 0, `${movedBack} users were moved back to v1 while the weight of v2 rose`);
    expectThat(
      WEIGHTS.every((weight) => seen.has(weight)),
      `not every step was seen: ${[...seen].join(', ')} %`,
    );
    return {
      promotion: { afterSeconds, steps: WEIGHTS },
      usersMovedBack: movedBack,
      lostRequests: { byWeights, byRestart },
      restart: restartFigures,
    };
  },
};

/** kill -9 in the middle of the rollout: the weights must come back as they were, and no call may notice. */
async function killAndRestart(
  stage: Stage,
): Promise<NonNullable<ActFigures['restart']> & { byRestart: number }> {
  const weightsBefore = weightsText(await service(stage));
  const connected = (await sidecars(stage)).length;
  const killedAt = performance.now();
  stage.narrator.tell(`kill -9 of Penstock at ${weightsBefore}`);
  await stage.restartPenstock();
  const weightsAfter = weightsText(await service(stage));
  await waitUntil(
    'every sidecar follows the new process',
    async () => {
      const now = await sidecars(stage);
      return now.length >= connected && now.every((each) => each.converged);
    },
    { timeoutMs: 20_000 },
  );
  const reconnectedAfterSeconds = (performance.now() - killedAt) / 1000;
  stage.narrator.tell(
    `back at ${weightsAfter}, ${connected} sidecars follow after ${reconnectedAfterSeconds.toFixed(1)} s`,
  );
  expectThat(
    weightsAfter === weightsBefore,
    `the weights were ${weightsBefore} and are ${weightsAfter} after the restart`,
  );
  expectThat(
    (await breaker(stage)).phase === 'CLOSED',
    'the breaker was closed before the restart and is not after it',
  );
  const byRestart = tally(stage.load.since(killedAt)).byVerdict.lost;
  return { reconnectedAfterSeconds, weightsBefore, weightsAfter, byRestart };
}
