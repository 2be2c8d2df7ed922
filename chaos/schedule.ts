import { seeded } from '../bench/statistics/random.ts';

/** One fault of a schedule. */
export interface PlannedFault {
  /** Place in the drawn schedule: stays the same when others are left out. */
  readonly id: number;
  readonly kind: string;
  /** After the episode's begin. */
  readonly afterMs: number;
  /** How long it lasts until it is healed. */
  readonly forMs: number;
  /** In [0, 1): picks whom it strikes, and how. */
  readonly draw: number;
}

/** Faults that overlap; the next episode begins when the system has found back. */
export type Episode = readonly PlannedFault[];

export interface ScheduleSetup {
  readonly seed: number;
  readonly faults: number;
  readonly kinds: readonly string[];
  /** Kinds of a group would get into each other's way: an episode has one of them. */
  readonly groupOf: (kind: string) => string;
}

const MOST_AT_ONCE = 3;
const LONGEST_AFTER_MS = 800;
const SHORTEST_MS = 300;
const LONGEST_MS = 2_500;

/** A schedule that depends on the seed alone. Every kind is drawn before any is drawn again. */
export function drawSchedule({ seed, faults, kinds, groupOf }: ScheduleSetup): Episode[] {
  const random = seeded(seed);
  const episodes: Episode[] = [];
  let deck: string[] = [];
  for (let id = 0; id < faults; ) {
    const count = Math.min(faults - id, 1 + Math.floor(random.next() ** 2 * MOST_AT_ONCE));
    const episode: PlannedFault[] = [];
    for (let i = 0; i < count; i++, id++) {
      if (deck.length === 0) deck = shuffled(kinds, () => random.next());
      const kind = deck.pop() ?? '';
      const afterMs = i === 0 ? 0 : Math.round(random.next() * LONGEST_AFTER_MS);
      const forMs = Math.round(SHORTEST_MS + random.next() * (LONGEST_MS - SHORTEST_MS));
      episode.push({ id, kind, afterMs, forMs, draw: random.next() });
    }
    const groups = episode.map(({ kind }) => groupOf(kind));
    episodes.push(episode.filter((_, i) => groups.indexOf(groups[i] ?? '') === i));
  }
  return episodes;
}

function shuffled<T>(given: readonly T[], next: () => number): T[] {
  const deck = [...given];
  for (let i = deck.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const [a, b] = [deck[i], deck[j]];
    if (a !== undefined && b !== undefined) [deck[i], deck[j]] = [b, a];
  }
  return deck;
}

/** Only these faults of a schedule; episodes that are left empty go. */
export function only(schedule: readonly Episode[], ids: ReadonlySet<number>): Episode[] {
  return schedule
    .map((episode) => episode.filter(({ id }) => ids.has(id)))
    .filter((episode) => episode.length > 0);
}
