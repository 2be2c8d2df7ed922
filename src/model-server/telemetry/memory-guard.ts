import { Gauge, type Registry } from 'prom-client';
import { decideHeld, type Hysteresis } from './hysteresis.ts';
import { type GpuSample, openNvml, sampleGpus } from './nvml.ts';
import { readMemoryUse } from './system-memory.ts';

export interface MemoryGuardSettings {
  readonly bounds: Hysteresis;
  readonly onChange: (degraded: boolean, share: number) => void;
}

const SAMPLE_EVERY_MS = 1_000;

/**
 * Watches how full the memory is (the GPUs' where there are any, else the container's or the machine's), and says that
 * the server is degraded while it is too full.
 */
export class MemoryGuard {
  readonly #settings: MemoryGuardSettings;
  readonly #nvml = openNvml();
  readonly #timer: NodeJS.Timeout;
  #degraded = false;
  #share: number | undefined;
  #source = '';
  #gpus: readonly GpuSample[] = [];

  constructor(settings: MemoryGuardSettings) {
    this.#settings = settings;
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
    this.#timer.unref();
  }

  get degraded(): boolean {
    return this.#degraded;
  }

  /** Registers the gauges of memory and GPUs; what the system does not tell is absent, never 0. */
  register(registry: Registry): void {
    const gauge = (name: string, help: string, labels: string[], read: (set: Gauge['set']) => void) =>
      new Gauge({
        name,
        help,
        labelNames: labels,
        registers: [registry],
        collect() {
          this.reset();
          read(this.set.bind(this));
        },
      });
    gauge('model_server_degraded', '1 while the memory is too full.', [], (set) =>
      set(this.#degraded ? 1 : 0),
    );
    gauge('model_server_memory_ratio', 'Share of the memory in use.', ['source'], (set) => {
      if (this.#share !== undefined) set({ source: this.#source }, this.#share);
    });
    const perGpu = (name: string, help: string, value: (gpu: GpuSample) => number | undefined) =>
      gauge(name, help, ['gpu_uuid'], (set) => {
        for (const gpu of this.#gpus) {
          const now = value(gpu);
          if (now !== undefined) set({ gpu_uuid: gpu.uuid }, now);
        }
      });
    if (!this.#nvml) return;
    perGpu('nv_gpu_utilization', 'Share of the time in which the GPU worked.', (gpu) => gpu.utilization);
    perGpu('nv_gpu_memory_used_bytes', "The GPU's memory in use.", (gpu) => gpu.memoryUsedBytes);
    perGpu('nv_gpu_memory_total_bytes', "The GPU's memory.", (gpu) => gpu.memoryTotalBytes);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    this.#gpus = this.#nvml ? sampleGpus(this.#nvml) : [];
    const gpuShares = this.#gpus.flatMap(({ memoryUsedBytes: used, memoryTotalBytes: total }) =>
      used !== undefined && total ? [used / total] : [],
    );
    const system = gpuShares.length > 0 ? { source: 'gpu', share: Math.max(...gpuShares) } : readMemoryUse();
    this.#share = system?.share;
    this.#source = system?.source ?? '';
    const degraded = decideHeld(this.#degraded, this.#share, this.#settings.bounds);
    if (degraded === this.#degraded) return;
    this.#degraded = degraded;
    this.#settings.onChange(degraded, this.#share ?? Number.NaN);
  }
}
