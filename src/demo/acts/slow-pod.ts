import type { EndpointStatus } from '../../core/status/status.ts';
import { type Act, expectThat, type Stage, service } from '../stage.ts';
import { tally } from '../tally.ts';
import { waitUntil } from '../wait-until.ts';

const SLOW = 'v2-2';
const DELAY_MS = 300;

/** A pod that goes slow gets less traffic, and its share back when it is well again. */
export const slowPod: Act = {
  name: 'slow pod',
  title: `A pod goes slow: ${SLOW} takes ${DELAY_MS} ms more for every call`,
  async play(stage) {
    const address = addressOf(stage);
    const full = (await endpoint(stage, address)).weight;
    const startedAt = performance.now();
    await stage.setFault([SLOW], { delayMs: DELAY_MS });
    let least = full;
    const share = async (): Promise<number> => {
      const { weight } = await endpoint(stage, address);
      least = Math.min(least, weight);
      return weight / full;
    };
    await waitUntil(`${SLOW} is derated to half its share`, async () => (await share()) <= 0.5, {
      timeoutMs: 30_000,
      everyMs: 100,
    });
    const deratedAfterSeconds = (performance.now() - startedAt) / 1000;
    stage.narrator.tell(
      `derated to ${((least / full) * 100).toFixed(0)} % of its share after ${deratedAfterSeconds.toFixed(1)} s`,
    );
    const repairedAt = performance.now();
    await stage.setFault([SLOW], {});
    await waitUntil(`${SLOW} is back at its share`, async () => (await share()) >= 0.8, {
      timeoutMs: 45_000,
      everyMs: 100,
    });
    const restoredAfterSeconds = (performance.now() - repairedAt) / 1000;
    stage.narrator.tell(`well again, and back at its share after ${restoredAfterSeconds.toFixed(1)} s`);
    const counted = tally(stage.load.since(startedAt));
    expectThat(counted.byVerdict.lost === 0, `calls were lost: ${JSON.stringify(counted.lost.slice(0, 3))}`);
    return {
      slowPod: { deratedAfterSeconds, restoredAfterSeconds, leastWeightPercent: (least / full) * 100 },
      lostRequests: { byWeights: counted.byVerdict.lost },
    };
  },
};

function addressOf(stage: Stage): string {
  const instance = stage.layout.instances.find((each) => each.name === SLOW);
  return `127.0.0.1:${instance?.port ?? 0}`;
}

async function endpoint(stage: Stage, address: string): Promise<EndpointStatus> {
  const found = (await service(stage)).versions
    .flatMap((each) => each.endpoints)
    .find((each) => each.address === address);
  if (found === undefined) throw new Error(`${address} is not among the endpoints`);
  return found;
}
