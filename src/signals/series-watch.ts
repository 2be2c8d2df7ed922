import type { ModelService } from '../core/api/model-service.ts';
import { scrapeIntervalMs } from '../core/signals/counter-book.ts';
import type { FamilyTally } from '../core/signals/series-reading.ts';
import { SERIES_FAMILIES, type SeriesFamily } from '../core/signals/service-series.ts';
import { drainTally, EMPTY_TALLY, rebaseTally, type Tally, tallyAnswer } from '../core/signals/tally.ts';
import type { PrometheusLink } from './prometheus-link.ts';
import type { Task } from './schedule.ts';

/** Four looks a scrape lose a quarter of its interval at most; more often is of no use. */
const LOOKS_PER_SCRAPE = 4;
const SLOWEST_POLL_MS = 15_000;

/** The first look only finds out how often is scraped: 1m is Prometheus's default. */
const FIRST_WINDOW_MS = 150_000;
const SHORTEST_WINDOW_MS = 10_000;
const LONGEST_WINDOW_MS = 10 * 60_000;
const ASSUMED_INTERVAL_MS = 15_000;

interface Watched {
  service: ModelService;
  readonly tallies: Map<SeriesFamily, { tally: Tally; lookedAt: number | undefined }>;
}

/** Follows the series of the watched services and keeps what they tell until it is drained. */
export class SeriesWatch {
  readonly #link: PrometheusLink;
  readonly #pollMs: number;
  readonly #watched = new Map<string, Watched>();

  constructor(link: PrometheusLink, pollMs: number) {
    this.#link = link;
    this.#pollMs = pollMs;
  }

  /** What is to be done, again and again, for these services; others are forgotten. */
  tasks(services: readonly ModelService[]): readonly Task[] {
    const names = new Set(services.map(nameOf));
    for (const name of this.#watched.keys()) if (!names.has(name)) this.#watched.delete(name);
    return services.flatMap((service) => {
      const name = nameOf(service);
      const watched = this.#watched.get(name) ?? { service, tallies: new Map() };
      watched.service = service;
      this.#watched.set(name, watched);
      return SERIES_FAMILIES.map((family) => ({
        key: describe(name, family),
        periodMs: () => this.#periodMs(watched, family),
        run: (signal) => this.#poll(watched, family, signal),
      }));
    });
  }

  tallies(service: string): readonly FamilyTally[] {
    const watched = this.#watched.get(service);
    return SERIES_FAMILIES.map((family) => ({
      family,
      tally: watched?.tallies.get(family)?.tally ?? EMPTY_TALLY,
    }));
  }

  /** What was counted has been told. */
  drain(service: string): void {
    for (const state of this.#watched.get(service)?.tallies.values() ?? [])
      state.tally = drainTally(state.tally);
  }

  /** What was counted of a measure before now (Prometheus's clock) is another source's. */
  rebase(service: string, measure: SeriesFamily['measure'], promNow: number): void {
    for (const [family, state] of this.#watched.get(service)?.tallies ?? []) {
      if (family.measure === measure) state.tally = rebaseTally(state.tally, promNow);
    }
  }

  async #poll(watched: Watched, family: SeriesFamily, signal: AbortSignal): Promise<void> {
    if (!this.#link.isSynchronized) await this.#link.synchronize(signal);
    if (!this.#link.isSynchronized) return;
    const { service } = watched;
    const state = watched.tallies.get(family) ?? { tally: EMPTY_TALLY, lookedAt: undefined };
    const startedAt = Date.now();
    const windowMs = windowOf(state, startedAt);
    await this.#link.ask(describe(nameOf(service), family), signal, async (client, options) => {
      const series = await client.querySamples(family.query(service, windowMs), options);
      // The tally is read after the answer came: it may have been drained while it was under way.
      const { tally } = watched.tallies.get(family) ?? state;
      const promNow = startedAt + this.#link.offsetMs;
      watched.tallies.set(family, {
        tally: tallyAnswer(tally, family, service, series, promNow),
        lookedAt: startedAt,
      });
    });
  }

  #periodMs(watched: Watched, family: SeriesFamily): number {
    const intervalMs = longestInterval(watched.tallies.get(family)?.tally) ?? 0;
    return Math.min(SLOWEST_POLL_MS, Math.max(this.#pollMs, intervalMs / LOOKS_PER_SCRAPE));
  }
}

export function nameOf({ metadata }: ModelService): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function describe(service: string, family: SeriesFamily): string {
  return `${family.id} of ${service}`;
}

/** Back to the previous look, and far enough beyond it to find the sample that was the newest then. */
function windowOf(
  { tally, lookedAt }: { tally: Tally; lookedAt: number | undefined },
  nowMs: number,
): number {
  if (lookedAt === undefined) return FIRST_WINDOW_MS;
  const intervalMs = longestInterval(tally) ?? ASSUMED_INTERVAL_MS;
  const neededMs = nowMs - lookedAt + 2 * intervalMs;
  const boundedMs = Math.min(LONGEST_WINDOW_MS, Math.max(SHORTEST_WINDOW_MS, neededMs));
  return Math.ceil(boundedMs / 1000) * 1000;
}

function longestInterval(tally: Tally | undefined): number | undefined {
  const intervals = [...(tally?.book.groups.values() ?? [])].flatMap(
    (group) => scrapeIntervalMs(group) ?? [],
  );
  return intervals.length === 0 ? undefined : Math.max(...intervals);
}
