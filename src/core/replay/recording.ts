import type { ModelService } from '../api/model-service.ts';
import type { ServiceObservation } from '../observation/observation.ts';
import type { Reading } from '../observation/reading.ts';
import { readNumber } from '../signals/answer.ts';
import type { Sample, Series } from '../signals/samples.ts';
import type { FamilyTally } from '../signals/series-reading.ts';
import { SERIES_FAMILIES, type SeriesFamily } from '../signals/service-series.ts';
import { drainTally, EMPTY_TALLY, tallyAnswer } from '../signals/tally.ts';
import { readVersions } from '../signals/versions.ts';

/** A stretch of recorded time as Prometheus has it. */
export interface RecordedStretch {
  readonly fromMs: number;
  readonly toMs: number;
  /** Raw samples of the series that a service is observed by. */
  readonly series: ReadonlyMap<SeriesFamily['id'], readonly Series[]>;
  /** By key of the Query gate's question: its values at the times at which it would have been asked. */
  readonly queries: ReadonlyMap<string, RecordedQuery>;
}

export type RecordedQuery =
  | { readonly kind: 'values'; readonly everyMs: number; readonly series: readonly Series[] }
  | { readonly kind: 'failed'; readonly problem: string };

/** How far a recording has been read. */
export type RecordingPosition = readonly FamilyTally[];

/** Before the first look: what was counted until then is the baseline. */
export function openRecording(service: ModelService, before: RecordedStretch): RecordingPosition {
  return SERIES_FAMILIES.map((family) => {
    const series = before.series.get(family.id) ?? [];
    return { family, tally: tallyAnswer(EMPTY_TALLY, family, service, series, before.toMs) };
  });
}

/**
 * What would have been observed at each look of a stretch: the same counting as on live series.
 * @param stepMs time between looks
 */
export function* observeStretch(
  service: ModelService,
  from: RecordingPosition,
  stretch: RecordedStretch,
  stepMs: number,
): Generator<{ readonly observation: ServiceObservation; readonly position: RecordingPosition }> {
  const { metadata } = service;
  const news = new Map(
    [...stretch.series].map(([id, series]) => [id, newsByLook(series, stretch.fromMs, stepMs)]),
  );
  let position = from;
  for (let look = 1, at = stretch.fromMs + stepMs; at <= stretch.toMs; look++, at += stepMs) {
    const tallies = position.map(({ family, tally }) => ({
      family,
      tally: tallyAnswer(tally, family, service, news.get(family.id)?.get(look) ?? [], at),
    }));
    const read = readVersions(service, tallies, { offsetMs: 0, problem: undefined }, at);
    const versions = [...read].map(([name, { requests, latencyMs, scores }]) => {
      const sources = { requests: requests.source, latencyMs: latencyMs.source, scores: scores.source };
      const [counts, latencies, shown] = [requests.reading, latencyMs.reading, scores.reading];
      return [
        name,
        { requests: counts, latencyMs: latencies, scores: shown, endpoints: [], sources },
      ] as const;
    });
    const observation = {
      service: `${metadata.namespace}/${metadata.name}`,
      at,
      versions: new Map(versions),
      queries: new Map([...stretch.queries].map(([key, query]) => [key, answerAt(query, stretch, at)])),
    };
    position = tallies.map(({ family, tally }) => ({ family, tally: drainTally(tally) }));
    yield { observation, position };
  }
}

/** The samples that are new at each look, by its number from 1. */
function newsByLook(
  series: readonly Series[],
  fromMs: number,
  stepMs: number,
): ReadonlyMap<number, readonly Series[]> {
  const news = new Map<number, Series[]>();
  for (const { labels, samples } of series) {
    let open: { readonly look: number; readonly samples: Sample[] } | undefined;
    for (const sample of samples) {
      const look = Math.ceil((sample.at - fromMs) / stepMs);
      if (look < 1) continue;
      if (open?.look !== look) {
        open = { look, samples: [] };
        const known = news.get(look) ?? [];
        known.push({ labels, samples: open.samples });
        news.set(look, known);
      }
      open.samples.push(sample);
    }
  }
  return news;
}

/** The newest answer at a moment. */
function answerAt(query: RecordedQuery, { fromMs }: RecordedStretch, atMs: number): Reading<number> {
  if (query.kind === 'failed') return { kind: 'missing', detail: query.problem };
  const askedAt = fromMs + Math.floor((atMs - fromMs) / query.everyMs) * query.everyMs;
  const elements = query.series.flatMap(({ labels, samples }) => {
    const sample = samples.find(({ at }) => Math.abs(at - askedAt) < 1);
    return sample === undefined ? [] : [{ labels, sample }];
  });
  return readNumber({ kind: 'vector', elements }, askedAt);
}
