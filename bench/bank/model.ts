import { fileURLToPath } from 'node:url';
import { startChild } from '../../src/demo/child.ts';

const MAIN = fileURLToPath(new URL('scoring/main.ts', import.meta.url));

interface Counts {
  readonly calls: number;
  readonly shiftedCalls: number;
}

/** A version of the scoring model in a process of its own. */
export interface Model {
  readonly port: number;
  /** `HOST:PORT` of its metrics. */
  readonly metrics: string;
  counts(): Promise<Counts>;
  /** From now on its scores are higher by so much. */
  shift(by: number): Promise<Counts>;
  stop(): Promise<void>;
}

const LATENCY_MS = 20;

export async function startModel(version: string, seed: number, folder: string): Promise<Model> {
  const { promise: listening, resolve } = Promise.withResolvers<string>();
  const child = startChild({
    name: version,
    command: process.execPath,
    args: [MAIN, version, String(LATENCY_MS), String(seed)],
    logFile: `${folder}/${version}.log`,
    onLine: resolve,
  });
  const ended = child.ended.then((how) => {
    throw new Error(`the model ${version} does not listen: ${how}`);
  });
  const { port, control } = JSON.parse(await Promise.race([listening, ended])) as Record<string, number>;
  if (port === undefined) throw new Error(`the model ${version} does not say where it listens`);
  ended.catch(() => {});
  const ask = async (path: string, method: 'GET' | 'POST') =>
    (await (await fetch(`http://127.0.0.1:${control}${path}`, { method })).json()) as Counts;
  return {
    port,
    metrics: `127.0.0.1:${control}`,
    counts: () => ask('/counts', 'GET'),
    shift: (by) => ask(`/shift?by=${by}`, 'POST'),
    stop: () => child.stop(),
  };
}
