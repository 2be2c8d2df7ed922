import { Gauge, type Registry } from 'prom-client';
import type { ServedVersion } from '../serving/version.ts';
import type { VersionSettings } from '../serving/version-contract.ts';
import type { VersionLabels } from './metrics.ts';

/** What loading a version took, in ms. */
export interface LoadTimes {
  readonly loadMs: number;
  readonly warmUpMs: number;
}

export interface GaugeSources {
  readonly versions: () => readonly ServedVersion[];
  readonly loadTimes: (settings: VersionSettings) => LoadTimes | undefined;
}

const STATES = ['LOADING', 'READY', 'UNAVAILABLE', 'UNLOADING'] as const;

/** Registers the gauges of present state; each is read at the moment of the scrape. */
export function registerGauges(registry: Registry, { versions, loadTimes }: GaugeSources): void {
  const gauge = (
    name: string,
    help: string,
    extra: string[],
    read: (version: ServedVersion, set: (value: number, extra?: Record<string, string>) => void) => void,
  ) =>
    new Gauge({
      name,
      help,
      labelNames: ['model', 'version', ...extra],
      registers: [registry],
      collect() {
        this.reset();
        for (const version of versions()) {
          read(version, (value, more) => this.set({ ...labelsOf(version.settings), ...more }, value));
        }
      },
    });

  gauge('model_queue_depth', 'Calls that wait for the runner.', [], ({ scheduler }, set) =>
    set(scheduler.queued),
  );
  gauge('model_in_flight', 'Calls that wait or are computed.', [], ({ scheduler }, set) =>
    set(scheduler.queued + scheduler.inFlight),
  );
  gauge('nv_inference_pending_request_count', 'Calls that wait for the runner.', [], ({ scheduler }, set) =>
    set(scheduler.queued),
  );
  gauge('model_state', '1 for the state that the version is in.', ['state'], (version, set) => {
    for (const state of STATES) set(version.state === state ? 1 : 0, { state });
  });
  gauge('model_provider_info', 'The execution provider really in use.', ['provider'], (version, set) => {
    if (version.loaded) set(1, { provider: version.loaded.provider });
  });
  gauge('model_load_seconds', 'Time to load the model, the last time.', [], (version, set) => {
    const times = loadTimes(version.settings);
    if (times) set(times.loadMs / 1_000);
  });
  gauge('model_warm_up_seconds', 'Time to warm the model up, the last time.', [], (version, set) => {
    const times = loadTimes(version.settings);
    if (times) set(times.warmUpMs / 1_000);
  });
  gauge(
    'model_busy_seconds',
    'Time that the runner has computed, since the version was loaded.',
    [],
    (version, set) => set(version.scheduler.busyTotalMs / 1_000),
  );
}

/** The labels of a version's series. */
export function labelsOf({ model, version }: VersionSettings): VersionLabels {
  return { model, version };
}
