import type { LoadedModel, SessionSettings } from '../runner/messages.ts';
import type { BatchRun } from './scheduler.ts';

/** The states of a model version, by the names that the repository's index uses. */
export type VersionState = 'LOADING' | 'READY' | 'UNAVAILABLE' | 'UNLOADING';

/** What happens to a version, for metrics, logs and health. */
export interface VersionEvents {
  onState(version: VersionSettings, state: VersionState, reason: string): void;
  onLoaded(version: VersionSettings, loaded: LoadedModel, loadMs: number, warmUpMs: number): void;
  onUnbatchable(version: VersionSettings, reason: string): void;
  onBatch(version: VersionSettings, run: BatchRun): void;
  onRunnerLost(version: VersionSettings, reason: string): void;
  onRunnerWords(version: VersionSettings, words: string): void;
}

export interface VersionSettings {
  readonly model: string;
  readonly version: string;
  /** Changes with the content. */
  readonly stamp: string;
  /** The model's file, or its bytes. Asked for at every start of a runner. */
  readonly source: () => Promise<string | Uint8Array>;
  readonly session: SessionSettings;
  readonly maxBatchRows: number;
  readonly maxQueue: number;
  readonly runTimeoutMs: number;
  /** A dummy inference is made when none has succeeded for so long and nothing waits; 0 for never. */
  readonly probeAfterMs: number;
}
