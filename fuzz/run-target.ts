import { setImmediate as immediate } from 'node:timers/promises';
import { type Random, seeded } from '../bench/statistics/random.ts';
import { Mutator } from './mutate.ts';
import { mutateJson } from './mutate-json.ts';
import type { Target } from './target.ts';

/** How a parser stood so many inputs. */
export interface Outcome {
  readonly executions: number;
  /** Inputs that it refused as it may. */
  readonly refused: number;
  readonly slowestMs: number;
  /** Memory that was still in use afterwards and was not before. */
  readonly keptMiB: number;
  readonly seconds: number;
  /** What is wrong, with the input that shows it. */
  readonly finding?: string;
}

export interface Limits {
  readonly executions: number;
  /** Ends earlier after this time. */
  readonly seconds: number;
}

/** Nothing of a few kilobytes may take longer. */
const HANG_MS = 2_000;
const KEPT_MIB = 64;
/** Inputs that were read to the end are changed further. */
const CORPUS = 256;
const REPLACED = 0.001;
/** What waits for the event loop, such as what is to be forgotten, has its turn after so many inputs. */
const BREATH = 1_000;

/** Feeds changed inputs to a parser. The inputs depend on the seed alone; only how many there are depends on the time. */
export async function runTarget(target: Target, seed: number, limits: Limits): Promise<Outcome> {
  const { read, refuses, isJson = false } = target;
  const random = seeded(seed);
  const inputs = new Inputs(target.seeds, isJson, random);
  const heapBefore = await heapMiB();
  const beganAt = performance.now();
  let refused = 0;
  let slowestMs = 0;
  const end = async (executions: number, finding?: string): Promise<Outcome> => {
    const seconds = (performance.now() - beganAt) / 1000;
    const keptMiB = Math.max(0, (await heapMiB()) - heapBefore);
    const leak = keptMiB > KEPT_MIB ? `keeps ${keptMiB.toFixed(0)} MiB` : undefined;
    const found = finding ?? leak;
    return { executions, refused, slowestMs, keptMiB, seconds, ...(found && { finding: found }) };
  };
  for (let i = 1; i <= limits.executions; i++) {
    const input = inputs.next();
    const before = performance.now();
    try {
      const reading = read(input);
      if (reading) await reading;
      inputs.keep(input);
    } catch (error) {
      refused += 1;
      const thrown = error instanceof Error ? error.name : typeof error;
      if (!refuses.includes(thrown)) return end(i, `${String(error)} by ${input.toString('base64')}`);
    }
    const now = performance.now();
    const tookMs = now - before;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > HANG_MS && (await cpuMs(() => read(input))) > HANG_MS)
      return end(i, `hangs on ${input.toString('base64')}`);
    if (now - beganAt > 1000 * limits.seconds) return end(i);
    if (i % BREATH === 0) await immediate();
  }
  return end(limits.executions);
}

/** Inputs to come: the seeds and what was read to the end, changed. */
class Inputs {
  readonly #seeds: number;
  readonly #corpus: Buffer[];
  readonly #isJson: boolean;
  readonly #random: Random;
  readonly #mutator: Mutator;

  constructor(seeds: readonly Buffer[], isJson: boolean, random: Random) {
    this.#seeds = seeds.length;
    this.#corpus = [...seeds];
    this.#isJson = isJson;
    this.#random = random;
    this.#mutator = new Mutator(random);
  }

  next(): Buffer {
    const [input, other] = [this.#pick(), this.#pick()];
    const json =
      this.#isJson && this.#random.next() < 0.5 ? mutateJson(input, other, this.#random) : undefined;
    return json ?? this.#mutator.mutate(input, other);
  }

  /** An input that was read to the end; it is copied if it is kept. */
  keep(input: Buffer): void {
    if (this.#corpus.length < CORPUS) this.#corpus.push(Buffer.from(input));
    else if (this.#random.next() < REPLACED)
      this.#corpus[this.#seeds + Math.floor(this.#random.next() * (CORPUS - this.#seeds))] =
        Buffer.from(input);
  }

  #pick(): Buffer {
    return this.#corpus[Math.floor(this.#random.next() * this.#corpus.length)] ?? Buffer.alloc(0);
  }
}

/** CPU that it takes: a busy machine makes anything slow once. */
async function cpuMs(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  try {
    await work();
  } catch {
    // What it throws was judged already.
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** What is in use after a collection, where the process was started with `--expose-gc`. */
async function heapMiB(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await immediate();
    globalThis.gc?.();
  }
  return process.memoryUsage().heapUsed / 2 ** 20;
}
