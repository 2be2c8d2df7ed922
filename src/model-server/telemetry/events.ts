import type { Logger } from 'pino';
import type { VersionEvents, VersionSettings } from '../serving/version-contract.ts';
import { type LoadTimes, labelsOf } from './gauges.ts';
import type { ServingMetrics } from './metrics.ts';

export interface EventSinks {
  readonly log: Logger;
  readonly metrics: ServingMetrics;
  readonly loadTimes: Map<VersionSettings, LoadTimes>;
  readonly onState: () => void;
}

/** Tells logs and metrics what happens to versions; every line names the model and the version. */
export function versionEvents({ log, metrics, loadTimes, onState }: EventSinks): VersionEvents {
  return {
    onState(version, state, reason) {
      const line = { ...labelsOf(version), state, ...(reason !== '' && { reason }) };
      if (state === 'UNAVAILABLE') log.error(line, 'model is not served');
      else log.info(line, 'model changes state');
      if (state === 'LOADING') metrics.introduce(labelsOf(version));
      if (state === 'UNLOADING') loadTimes.delete(version);
      onState();
    },
    onLoaded(version, { provider, refused }, loadMs, warmUpMs) {
      loadTimes.set(version, { loadMs, warmUpMs });
      const times = { loadMs: Math.round(loadMs), warmUpMs: Math.round(warmUpMs) };
      log.info({ ...labelsOf(version), provider, refused, ...times }, 'model is loaded and warm');
    },
    onUnbatchable(version, reason) {
      log.info({ ...labelsOf(version), reason }, 'requests are not batched');
    },
    onBatch(version, run) {
      metrics.batch(labelsOf(version), run);
    },
    onRunnerLost(version, reason) {
      metrics.runnerLost(labelsOf(version));
      log.warn({ ...labelsOf(version), reason }, 'runner is lost and will be replaced');
    },
    onRunnerWords(version, words) {
      log.warn({ ...labelsOf(version), words: words.trim() }, 'runner says');
    },
  };
}
