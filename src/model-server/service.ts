import type { InferenceAnswer, InferenceRequest } from './protocol/inference.ts';
import { Problem } from './protocol/problem.ts';
import { parseVersions } from './repository/order.ts';
import type { Catalogue, IndexEntry } from './serving/catalogue.ts';
import type { Inference } from './serving/inference.ts';
import type { LoadMeter, LoadReport } from './telemetry/load.ts';
import type { Signature } from './tensors/tensor.ts';

/** Whether a service answers, as `grpc.health.v1` puts it. */
export type HealthStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** What a model says of itself. */
export interface ModelDescription extends Signature {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
}

export interface ServiceSettings {
  readonly catalogue: Catalogue;
  readonly inference: Inference;
  readonly load: LoadMeter;
  readonly productVersion: string;
  /** Whether every model has to be ready for the server to be. */
  readonly strictReadiness: boolean;
  readonly degraded: () => boolean;
}

const NAME = 'penstock-model-server';
const EXTENSIONS = ['model_repository', 'binary_tensor_data'];
const PLATFORM = 'onnxruntime_onnx';

/** What the model server does for its callers, whichever protocol they speak. */
export class ModelService {
  readonly #settings: ServiceSettings;
  readonly #listeners = new Set<() => void>();
  #phase: 'starting' | 'serving' | 'draining' = 'starting';

  constructor(settings: ServiceSettings) {
    this.#settings = settings;
  }

  /** Answers a call for inference, or rejects with a `Problem`. */
  infer(request: InferenceRequest): Promise<InferenceAnswer> {
    return this.#settings.inference.infer(request);
  }

  /** The version that a call for this model would get, when there is one. */
  versionNamed(model: string, version: string): string | undefined {
    try {
      return this.#settings.catalogue.find(model, version).settings.version;
    } catch {
      return undefined;
    }
  }

  /**
   * Whether calls are welcome: every model has been tried, a model (every one, when strict) is ready, and the server
   * does not drain.
   */
  ready(): boolean {
    if (this.#phase !== 'serving') return false;
    const states = this.#settings.catalogue.all().map((version) => version.state === 'READY');
    return this.#settings.strictReadiness
      ? states.length > 0 && !states.includes(false)
      : states.includes(true);
  }

  /** Whether a model is loaded, warmed up and inferring. Throws NOT_FOUND. */
  modelReady(model: string, version: string): boolean {
    return this.#settings.catalogue.find(model, version).state === 'READY';
  }

  /** Health by name: empty for the server, a model's name, or `MODEL/VERSION`. */
  health(name: string): HealthStatus {
    if (name === '' || name === 'inference.GRPCInferenceService')
      return this.ready() ? 'SERVING' : 'NOT_SERVING';
    const [model = '', version = ''] = name.split('/');
    try {
      return this.modelReady(model, version) && this.#phase !== 'draining' ? 'SERVING' : 'NOT_SERVING';
    } catch {
      return 'SERVICE_UNKNOWN';
    }
  }

  /** All names that `health` knows. */
  healthNames(): string[] {
    const versions = this.#settings.catalogue.all().map(({ settings }) => settings);
    const models = new Set(versions.map(({ model }) => model));
    return [
      '',
      'inference.GRPCInferenceService',
      ...models,
      ...versions.map(({ model, version }) => `${model}/${version}`),
    ];
  }

  /** Calls back whenever an answer of `health` may have changed. Returns the way to end that. */
  onHealthChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Says that an answer of `health` may have changed. */
  healthChanged(): void {
    for (const listener of this.#listeners) listener();
  }

  /** From now on ready when the models are: each has been tried. */
  startServing(): void {
    this.#enter('serving');
  }

  /** From now on not ready, whatever the models say. */
  startDraining(): void {
    this.#enter('draining');
  }

  #enter(phase: 'serving' | 'draining'): void {
    this.#phase = phase;
    this.healthChanged();
  }

  /** Whether the mesh should send less. */
  degraded(): boolean {
    return this.#settings.degraded();
  }

  metadata(): { name: string; version: string; extensions: string[] } {
    return { name: NAME, version: this.#settings.productVersion, extensions: EXTENSIONS };
  }

  /** A model's inputs and outputs. Throws NOT_FOUND, or UNAVAILABLE while they are not known. */
  modelMetadata(model: string, version: string): ModelDescription {
    const served = this.#settings.catalogue.find(model, version);
    if (!served.loaded)
      throw new Problem('UNAVAILABLE', `model "${model}" is ${served.state}: ${served.reason}`);
    const versions =
      version === ''
        ? this.#settings.catalogue.versionsOf(model).map(({ settings }) => settings.version)
        : [served.settings.version];
    return { name: model, versions, platform: PLATFORM, ...served.loaded.signature };
  }

  index(): Promise<IndexEntry[]> {
    return this.#settings.catalogue.index();
  }

  /**
   * Brings a model to what the repository holds; `versions` says which from now on: `all`, `latest=N`, or names with
   * commas between them. Empty for what was in force.
   */
  load(model: string, versions: string): Promise<void> {
    return this.#settings.catalogue.load(model, versions === '' ? {} : { policy: parseVersions(versions) });
  }

  unload(model: string): Promise<void> {
    return this.#settings.catalogue.unload(model);
  }

  loadReport(): LoadReport {
    return this.#settings.load.report();
  }
}
