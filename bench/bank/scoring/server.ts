import { answers, startStandIn } from '../../../e2e/translate/model-server.ts';
import type { Random } from '../../statistics/random.ts';

const SCORE_BOUNDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/** Every so manieth decision is a rejection, so that a rate of few calls tells as much as a bank's of many. */
const CALLS_PER_REJECTION = 20;
/** Of the logarithm of the latency. */
const LATENCY_SPREAD = 0.3;

/** A version of the scoring model: answers calls, and counts what the real model server counts. */
export interface ScoringServer {
  readonly port: number;
  calls: number;
  /** Calls answered while shifted. */
  shiftedCalls: number;
  /** Added to every score: the model thinks of another population than it was trained on. */
  shift: number;
  /** In the exposition format. */
  metrics(): string;
}

/** Starts it on a port of the system's choice. Latency is log-normal around `latencyMs`. */
export async function startScoringServer(
  version: string,
  latencyMs: number,
  random: Random,
): Promise<ScoringServer> {
  const buckets = [...SCORE_BOUNDS.map(() => 0), 0];
  const model = await startStandIn(version);
  const server: ScoringServer = {
    port: model.port,
    calls: 0,
    shiftedCalls: 0,
    shift: 0,
    metrics: () => metricsPage(version, server.calls, buckets),
  };
  const answer = answers(version);
  model.behaviour = (stream, headers) => {
    const score = Math.min(1, 0.9 * Math.sqrt(random.next()) + server.shift);
    const bucket = SCORE_BOUNDS.findIndex((bound) => score <= bound);
    const index = bucket < 0 ? SCORE_BOUNDS.length : bucket;
    const isShifted = server.shift > 0;
    const answerNow = () => {
      buckets[index] = (buckets[index] ?? 0) + 1;
      server.calls += 1;
      if (isShifted) server.shiftedCalls += 1;
      if (!stream.destroyed) answer(stream, headers);
    };
    setTimeout(answerNow, latencyMs * Math.exp(LATENCY_SPREAD * normal(random)));
  };
  return server;
}

function metricsPage(version: string, calls: number, buckets: readonly number[]): string {
  const labels = `model="scoring",version="${version}"`;
  let cumulative = 0;
  const scores = buckets.map((count, i) => {
    cumulative += count;
    return `model_score_bucket{${labels},le="${SCORE_BOUNDS[i] ?? '+Inf'}"} ${cumulative}`;
  });
  const rejected = Math.floor(calls / CALLS_PER_REJECTION);
  return [
    `model_in_flight{${labels}} 0`,
    ...scores,
    `decisions_total{${labels},decision="reject"} ${rejected}`,
    `decisions_total{${labels},decision="accept"} ${calls - rejected}`,
    '',
  ].join('\n');
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
