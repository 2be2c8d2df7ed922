import { describe, expect, it } from 'vitest';
import { poisson, seeded } from '../../../bench/statistics/random.ts';
import { balancing } from '../api/balancing.ts';
import type { EndpointObservation } from '../observation/observation.ts';
import type { Reading } from '../observation/reading.ts';
import { decideOverflow } from './decide-overflow.ts';
import type { OverflowDecision, OverflowState } from './overflow-decision.ts';

const START = 1_700_000_000_000;
const FIRST = ['10.0.0.0:1', '10.0.0.1:1'];
const PUBLIC = '10.9.0.0:1';
/** What each of the two instances of the first tier does in a second. */
const CAPACITY = 50;

interface Plant {
  readonly offered: (second: number) => number;
  readonly capacity?: (second: number) => number;
  readonly spec?: Parameters<typeof balancing.parse>[0];
  /** Neither tells its queue. */
  readonly mute?: boolean;
  readonly dark?: (second: number) => boolean;
  readonly frozen?: (second: number) => boolean;
}

interface Second {
  readonly decision: OverflowDecision;
  readonly share: number;
  readonly queue: number;
  /** Served in the first tier, of what it can do. */
  readonly used: number;
}

/** Two instances with one queue each, and a public tier without end; a share acts a second after it was decided. */
function simulate(plant: Plant, seconds: number): readonly Second[] {
  const random = seeded(5);
  const history: Second[] = [];
  let queue = 0;
  for (let second = 1; second <= seconds; second++) {
    const inForce = history.at(-1)?.share ?? 0;
    const arrivals = poisson(random, plant.offered(second));
    const away = Math.round(inForce * arrivals);
    const able = 2 * (plant.capacity?.(second) ?? CAPACITY);
    const served = Math.min(able, queue + arrivals - away);
    queue = queue + arrivals - away - served;
    const value = <T>(given: T): Reading<T> =>
      plant.dark?.(second)
        ? { kind: 'missing', detail: 'dark' }
        : { kind: 'value', value: given, at: second };
    const endpoint = (address: string, requests: number, waiting: number): EndpointObservation => ({
      address,
      requests: value({ requests, failures: 0, abandoned: 0 }),
      inFlight: value(waiting + 1),
      utilization: { kind: 'missing', detail: '' },
      queue: plant.mute ? { kind: 'missing', detail: '' } : value(waiting),
      latencyMs: { kind: 'missing', detail: '' },
    });
    const previous = history.at(-1)?.decision.state;
    const decision = decideOverflow({
      spec: balancing.parse(plant.spec ?? { overflow: {} }),
      first: FIRST,
      observation: [...FIRST.map((each) => endpoint(each, served / 2, queue / 2)), endpoint(PUBLIC, away, 0)],
      state: previous === undefined ? undefined : (JSON.parse(JSON.stringify(previous)) as OverflowState),
      frozen: plant.frozen?.(second) ?? false,
      nowMs: START + 1000 * second,
    });
    history.push({ decision, share: decision.share, queue, used: served / able });
  }
  return history;
}

const mean = (seconds: readonly Second[], of: (second: Second) => number) =>
  seconds.reduce((sum, each) => sum + of(each), 0) / seconds.length;

describe('overflow', () => {
  it.each([
    ['a quarter more than the first tier can do', 125, 0.2],
    ['twice as much', 200, 0.5],
    ['four times as much', 400, 0.75],
  ])('sends on what the first tier has no room for: %s', (_, offered, share) => {
    const late = simulate({ offered: () => offered }, 180).slice(-90);
    expect(Math.abs(mean(late, (each) => each.share) - share)).toBeLessThan(0.08);
    expect(mean(late, (each) => each.used)).toBeGreaterThan(0.88);
    expect(Math.max(...late.map((each) => each.queue))).toBeLessThan(100);
  });

  it('settles: what is sent on does not swing', () => {
    const shares = simulate({ offered: () => 200 }, 240)
      .slice(-120)
      .map((each) => each.share);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(0.2);
    const changes = shares.filter((share, i) => i > 0 && share !== shares[i - 1]).length;
    expect(changes).toBeLessThan(60);
  });

  it('sends nothing on while the first tier has room, and nothing any more once it has again', () => {
    expect(simulate({ offered: () => 70 }, 120).every(({ share }) => share === 0)).toBe(true);
    const peak = simulate({ offered: (second) => (second > 60 && second < 120 ? 250 : 60) }, 180);
    expect(mean(peak.slice(90, 118), (each) => each.share)).toBeGreaterThan(0.5);
    expect(peak.slice(-40).every(({ share }) => share === 0)).toBe(true);
  });

  it('follows a first tier that loses half of what it can do', () => {
    const plant = { offered: () => 90, capacity: (second: number) => (second > 60 ? 25 : 50) };
    const late = simulate(plant, 180).slice(-60);
    expect(Math.abs(mean(late, (each) => each.share) - 4 / 9)).toBeLessThan(0.1);
  });

  it('goes by requests under way where no queue is told, if their bound is given', () => {
    const offered = () => 200;
    expect(simulate({ offered, mute: true }, 60).at(-1)?.share).toBe(0);
    const bounded = simulate({ offered, mute: true, spec: { overflow: { maxInFlight: 6 } } }, 120).slice(-60);
    expect(Math.abs(mean(bounded, (each) => each.share) - 0.5)).toBeLessThan(0.1);
  });

  it('holds under the kill switch, and while nothing is seen', () => {
    for (const how of ['frozen', 'dark'] as const) {
      const plant = {
        offered: (second: number) => (second > 60 ? 50 : 200),
        [how]: (second: number) => second > 60,
      };
      const history = simulate(plant, 120);
      expect(new Set(history.slice(60).map(({ share }) => share)).size).toBe(1);
      expect(history.at(-1)?.share).toBeGreaterThan(0.3);
    }
  });

  it('takes no more away from the first tier in a second than one step of the weights', () => {
    const kept = simulate({ offered: () => 2000 }, 30).map(({ decision }) => 1 - decision.state.share);
    for (const [i, each] of kept.entries()) expect(each).toBeGreaterThanOrEqual((kept[i - 1] ?? 1) / 1.26);
    expect(kept.at(-1)).toBeCloseTo(0.05);
  });
});
