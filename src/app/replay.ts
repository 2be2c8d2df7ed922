import { indexSpecs, type SpecIndex, serviceKey } from '../core/decide/spec-index.ts';
import { observeStretch, openRecording } from '../core/replay/recording.ts';
import { concludeReplay, type RolloutReplay, replayLook, startReplay } from '../core/replay/replay.ts';
import { gateQuestions } from '../core/signals/gate.ts';
import { RecordingReader } from '../signals/recording.ts';
import { readSpecFiles } from '../specs/spec-files.ts';
import { openPrometheus, type PrometheusClientOptions } from './prometheus-client.ts';

export interface ReplayOptions extends PrometheusClientOptions {
  readonly file: readonly string[];
  readonly prometheus: string;
  /** ms since the epoch */
  readonly from: number;
  readonly to: number;
  /** Time between looks, ms. */
  readonly step: number;
}

/** One look back before the beginning sets the baseline of all counters: further than any usual scrape. */
const BASELINE_MS = 150_000;
/** Of one query; Prometheus refuses ranges of more than 11 000 points. */
const STRETCH_MS = 15 * 60_000;

/** It cannot be replayed; the message says why. */
class ReplayFailed extends Error {
  override readonly name = 'ReplayFailed';
}

/**
 * Replays every rollout of the files on what Prometheus recorded.
 * @param tell progress, a line each
 * @throws when the specs or Prometheus cannot be read, or nothing was recorded
 */
export async function replay(
  options: ReplayOptions,
  tell: (line: string) => void,
): Promise<readonly RolloutReplay[]> {
  const reading = await readSpecFiles(options.file);
  if (reading.specs === undefined)
    throw new ReplayFailed(`the specs are not valid\n${reading.problems.join('\n')}`);
  const index = indexSpecs(reading.specs.objects);
  if (index.rollouts.size === 0)
    throw new ReplayFailed(`${options.file.join(', ')}: no ModelRollout is in there; replay needs one`);
  const client = openPrometheus(options.prometheus, options);
  try {
    const replays: RolloutReplay[] = [];
    for (const service of index.rollouts.keys()) {
      replays.push(await replayService(service, index, new RecordingReader(client), options, tell));
    }
    return replays;
  } finally {
    client.close();
  }
}

async function replayService(
  id: string,
  { services, rollouts, policies, templates }: SpecIndex,
  reader: RecordingReader,
  { from, to, step }: ReplayOptions,
  tell: (line: string) => void,
): Promise<RolloutReplay> {
  const [service, rollout] = [services.get(id), rollouts.get(id)];
  if (service === undefined || rollout === undefined)
    throw new ReplayFailed(`there is no ModelService ${id} for its rollout`);
  const questions = gateQuestions(rollout, service, templates);
  const before = await reader.read(service, [], { fromMs: from - BASELINE_MS, toMs: from }, {});
  let position = openRecording(service, before);
  let state = startReplay({ service, rollout, policy: policies.get(id) }, from);
  const looks = Math.max(1, Math.floor(STRETCH_MS / step));
  for (let fromMs = from; fromMs + step <= to; ) {
    const toMs = Math.min(fromMs + looks * step, fromMs + Math.floor((to - fromMs) / step) * step);
    const stretch = await reader.read(service, questions, { fromMs, toMs }, {});
    for (const look of observeStretch(service, position, stretch, step)) {
      position = look.position;
      state = replayLook(state, look.observation);
    }
    fromMs = toMs;
    const done = Math.round((100 * (fromMs - from)) / (to - from));
    tell(`${serviceKey(rollout)}: ${done} % replayed, ${state.state.rollout?.state.phase ?? 'Pending'}`);
  }
  const result = concludeReplay(state);
  if (result.recordedShare === undefined) {
    const why =
      state.sources.length === 0 ? 'no series of its versions' : `no request in ${state.sources[0]}`;
    throw new ReplayFailed(
      `nothing of ${id} was recorded from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}: ${why}`,
    );
  }
  return result;
}
