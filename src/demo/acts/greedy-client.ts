import { LIMIT_PER_SIDECAR } from '../specs.ts';
import { type Act, expectThat } from '../stage.ts';
import { tally } from '../tally.ts';
import { waitUntil } from '../wait-until.ts';

const OFFERED_PER_SECOND = 320;
/** Half of what it asks is over the limit; once most of that is refused the burst is used up. */
const REFUSED_SHARE = 0.35;
const MEASURED_MS = 5000;

/** One client asks for more than its share: it is limited, and the others feel nothing. */
export const greedyClient: Act = {
  name: 'greedy client',
  title: `One client asks ${OFFERED_PER_SECOND} times a second; each sidecar lets an address have ${LIMIT_PER_SIDECAR}/s`,
  async play(stage) {
    const startedAt = performance.now();
    const greedy = stage.startGreedyLoad(OFFERED_PER_SECOND);
    // The bucket starts full: its burst is let through before the rate can be measured.
    await waitUntil('the greedy client is refused', () => {
      const recent = tally(greedy.since(performance.now() - 1000));
      return recent.byVerdict.limited > REFUSED_SHARE * recent.calls;
    });
    const measuredFrom = performance.now();
    await new Promise((resolve) => setTimeout(resolve, MEASURED_MS));
    const seconds = (performance.now() - measuredFrom) / 1000;
    const measured = tally(greedy.since(measuredFrom));
    await greedy.stop();
    const others = tally(stage.load.since(startedAt));
    const whole = tally(greedy.since(startedAt));
    const sidecars = stage.layout.instances.filter((each) => each.version === 'v2').length;
    const limit = {
      configuredPerSecond: LIMIT_PER_SIDECAR * sidecars,
      admittedPerSecond: measured.byVerdict.ok / seconds,
      offeredPerSecond: measured.calls / seconds,
      othersRefused: others.byVerdict.limited,
    };
    stage.narrator.tell(
      `offered ${limit.offeredPerSecond.toFixed(0)}/s, admitted ${limit.admittedPerSecond.toFixed(0)}/s of ${limit.configuredPerSecond}/s; others refused: ${limit.othersRefused}`,
    );
    expectThat(whole.byVerdict.limited > 0, 'the greedy client was not limited');
    expectThat(limit.othersRefused === 0, `${limit.othersRefused} calls of the other users were refused`);
    // A machine with other work may offer less than was meant; never may more be admitted than is configured.
    const due = Math.min(limit.configuredPerSecond, limit.offeredPerSecond);
    const { admittedPerSecond } = limit;
    expectThat(
      admittedPerSecond <= 1.05 * limit.configuredPerSecond && admittedPerSecond >= 0.8 * due,
      `admitted ${admittedPerSecond.toFixed(0)}/s of ${limit.configuredPerSecond}/s that are configured`,
    );
    const lost = others.byVerdict.lost + whole.byVerdict.lost;
    expectThat(lost === 0, `calls were lost: ${JSON.stringify([...others.lost, ...whole.lost].slice(0, 3))}`);
    return { limit, lostRequests: { byLimits: lost } };
  },
};
