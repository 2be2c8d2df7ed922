import koffi, { type LibraryHandle } from 'koffi';

/** One GPU at this moment. What the driver does not tell (a MIG slice has no utilisation) is undefined, never 0. */
export interface GpuSample {
  readonly uuid: string;
  /** Share of the time in which a kernel ran, 0…1. */
  readonly utilization: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
}

const LIBRARY = 'libnvidia-ml.so.1';
const OK = 0;
const UUID_BYTES = 96;

/** Calls of NVIDIA's management library, by the names and types of its `nvml.h`. */
export interface Nvml {
  init(): number;
  count(out: [number]): number;
  handle(index: number, out: [unknown]): number;
  uuid(device: unknown, out: Buffer, length: number): number;
  utilization(device: unknown, out: { gpu?: number; memory?: number }): number;
  memory(device: unknown, out: { total?: number; free?: number; used?: number }): number;
}

/** Opens the driver's library. Undefined on a machine without one, or whose driver does not start. */
export function openNvml(library = LIBRARY): Nvml | undefined {
  try {
    const nvml = bind(koffi.load(library));
    return nvml.init() === OK ? nvml : undefined;
  } catch {
    return undefined;
  }
}

/** Asks every GPU how it is; none when the driver gives no answer. */
export function sampleGpus(nvml: Nvml): GpuSample[] {
  const count: [number] = [0];
  if (nvml.count(count) !== OK) return [];
  return Array.from({ length: count[0] }, (_, index) => sampleGpu(nvml, index)).filter(
    (sample) => sample !== undefined,
  );
}

function sampleGpu(nvml: Nvml, index: number): GpuSample | undefined {
  const handle: [unknown] = [null];
  if (nvml.handle(index, handle) !== OK) return undefined;
  const [device] = handle;
  const uuid = Buffer.alloc(UUID_BYTES);
  const utilization: { gpu?: number } = {};
  const memory: { total?: number; used?: number } = {};
  const named = nvml.uuid(device, uuid, UUID_BYTES) === OK;
  const used = nvml.utilization(device, utilization) === OK;
  const told = nvml.memory(device, memory) === OK;
  return {
    uuid: named ? uuid.toString('latin1', 0, uuid.indexOf(0)) : `GPU-${index}`,
    utilization: used && utilization.gpu !== undefined ? utilization.gpu / 100 : undefined,
    memoryUsedBytes: told ? memory.used : undefined,
    memoryTotalBytes: told ? memory.total : undefined,
  };
}

function bind(library: LibraryHandle): Nvml {
  const device = koffi.pointer(koffi.opaque());
  const utilization = koffi.struct({ gpu: 'uint', memory: 'uint' });
  const memory = koffi.struct({ total: 'uint64', free: 'uint64', used: 'uint64' });
  const out = (type: Parameters<typeof koffi.out>[0]) => koffi.out(koffi.pointer(type));
  return {
    init: library.func('nvmlInit_v2', 'int', []),
    count: library.func('nvmlDeviceGetCount_v2', 'int', [out('uint')]),
    handle: library.func('nvmlDeviceGetHandleByIndex_v2', 'int', ['uint', out(device)]),
    uuid: library.func('nvmlDeviceGetUUID', 'int', [device, 'uint8 *', 'uint']),
    utilization: library.func('nvmlDeviceGetUtilizationRates', 'int', [device, out(utilization)]),
    memory: library.func('nvmlDeviceGetMemoryInfo', 'int', [device, out(memory)]),
  };
}
