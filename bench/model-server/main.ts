import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import Table from 'cli-table3';
import {
  ModelInferRequestSchema,
  ModelInferResponseSchema,
} from '../../src/gen/inference/open_inference_pb.js';
import { closedLoop, type LoadResult } from './closed-loop.ts';
import { cpuSeconds } from './process-tree.ts';
import { type RunningServer, SERVERS, type Served, startServer } from './servers.ts';

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: Object.keys(SERVERS).join(';') },
    models: { type: 'string', default: 'memory-bound;compute-bound' },
    'in-flight': { type: 'string', default: '32;256' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    out: { type: 'string' },
  },
});

const PATH = '/inference.GRPCInferenceService/ModelInfer';
const MESSAGES = 32;
/** Long enough for code that is compiled while it runs. */
const WARM_UP_SECONDS = 6;
const READY_WITHIN_MS = 120_000;
const MODELS = fileURLToPath(new URL('../../models', import.meta.url));
const ROW_SHAPES: Record<string, readonly number[]> = { 'memory-bound': [2560], 'compute-bound': [64, 256] };

interface Measured extends LoadResult {
  readonly server: string;
  readonly model: string;
  readonly inFlight: number;
  readonly cpuMsPerRequest: number;
  readonly requestsPerCpuSecond: number;
}

/** Calls that differ, as bytes, the same for every server. */
function messagesFor({ model, rowShape }: Served): Buffer[] {
  const length = rowShape.reduce((product, size) => product * size, 1);
  return Array.from({ length: MESSAGES }, (_, number) => {
    const values = Float32Array.from({ length }, (_value, index) => Math.sin(index * 0.7 + number));
    const message = create(ModelInferRequestSchema, {
      modelName: model,
      inputs: [{ name: 'input', datatype: 'FP32', shape: [1n, ...rowShape.map(BigInt)] }],
      rawInputContents: [new Uint8Array(values.buffer)],
    });
    return Buffer.from(toBinary(ModelInferRequestSchema, message));
  });
}

/** Throws unless an answer is one row of probabilities. */
function checkAnswer(bytes: Buffer): void {
  const [raw] = fromBinary(ModelInferResponseSchema, bytes).rawOutputContents;
  if (!raw) throw new Error('the answer has no raw output');
  const probabilities = new Float32Array(new Uint8Array(raw).buffer);
  const sum = probabilities.reduce((total, value) => total + value, 0);
  if (probabilities.length !== 10 || Math.abs(sum - 1) > 1e-3)
    throw new Error('the answer is not one of this model');
}

async function untilReady({ address, hasEnded }: RunningServer, messages: readonly Buffer[]): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  const one = { address, path: PATH, messages, inFlight: 1, seconds: 0.1, check: checkAnswer };
  while ((await closedLoop(one)).answered === 0) {
    if (hasEnded()) throw new Error('the server ended while it started');
    if (performance.now() > deadlineMs) throw new Error(`the server at ${address} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function measure(server: string, served: Served, inFlight: number, seconds: number): Promise<Measured> {
  const messages = messagesFor(served);
  const running = await startServer(server, served);
  try {
    await untilReady(running, messages);
    const load = { address: running.address, path: PATH, messages, inFlight, check: checkAnswer };
    await closedLoop({ ...load, seconds: WARM_UP_SECONDS });
    const cpuBefore = cpuSeconds(running.pid);
    const result = await closedLoop({ ...load, seconds });
    const cpu = cpuSeconds(running.pid) - cpuBefore;
    return {
      ...{ server, model: served.model, inFlight },
      ...result,
      cpuMsPerRequest: (cpu * 1_000) / result.answered,
      requestsPerCpuSecond: result.answered / cpu,
    };
  } finally {
    await running.stop();
  }
}

/** A server that does not start costs its own round only. */
async function measureOrTell(
  server: string,
  served: Served,
  inFlight: number,
): Promise<Measured | undefined> {
  try {
    return await measure(server, served, inFlight, Number(values.seconds));
  } catch (error) {
    process.stderr.write(`${served.model}, ${inFlight} in flight: ${server}: ${(error as Error).message}\n`);
    return undefined;
  }
}

/** The round with the median of requests per CPU-second: one that others disturbed does not count. */
function medianOf(rounds: readonly Measured[]): Measured {
  const sorted = rounds.toSorted((left, right) => left.requestsPerCpuSecond - right.requestsPerCpuSecond);
  return sorted[Math.floor(sorted.length / 2)] as Measured;
}

const results: Measured[] = [];
for (const model of values.models.split(';')) {
  const served = { model, rowShape: ROW_SHAPES[model] ?? [], path: join(MODELS, model, 'v1/model.onnx') };
  for (const inFlight of values['in-flight'].split(';').map(Number)) {
    const rounds = new Map<string, Measured[]>();
    // The servers take turns, so that what disturbs the machine disturbs them alike.
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const server of values.servers.split(';')) {
        const measured = await measureOrTell(server, served, inFlight);
        if (!measured) continue;
        rounds.set(server, [...(rounds.get(server) ?? []), measured]);
        process.stderr.write(
          `${model}, ${inFlight} in flight, round ${round + 1}: ${server} ${measured.requestsPerSecond.toFixed(0)}/s, ` +
            `${measured.cpuMsPerRequest.toFixed(2)} ms CPU, p99 ${measured.p99Ms.toFixed(0)} ms, ${measured.failed} failed\n`,
        );
      }
    }
    results.push(...[...rounds.values()].map(medianOf));
  }
}

const table = new Table({
  head: [
    'model',
    'in flight',
    'server',
    'requests/s',
    'CPU ms/request',
    'requests/CPU-s',
    'p50 ms',
    'p99 ms',
    'failed',
  ],
  style: { head: [], border: [] },
});
for (const one of results) {
  table.push([
    ...[
      one.model,
      one.inFlight,
      one.server,
      one.requestsPerSecond.toFixed(0),
      one.cpuMsPerRequest.toFixed(2),
    ],
    ...[one.requestsPerCpuSecond.toFixed(0), one.p50Ms.toFixed(1), one.p99Ms.toFixed(1), one.failed],
  ]);
}
console.log(table.toString());
if (values.out) {
  mkdirSync(dirname(values.out), { recursive: true });
  writeFileSync(values.out, `${JSON.stringify({ cores: availableParallelism(), results }, null, 2)}\n`);
}
