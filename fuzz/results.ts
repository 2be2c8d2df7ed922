import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Outcome } from './run-target.ts';

/** What all runs of a parser came to. */
export interface Result extends Outcome {
  /** The first seed of the next run. */
  readonly nextSeed: number;
}

/** By parser. */
export type Results = Readonly<Record<string, Result>>;

/** Nothing yet. */
export function newResult(seed: number): Result {
  return { executions: 0, refused: 0, slowestMs: 0, keptMiB: 0, seconds: 0, nextSeed: seed };
}

/** A result with another run, of the next seed. */
export function addOutcome(result: Result, outcome: Outcome): Result {
  return {
    executions: result.executions + outcome.executions,
    refused: result.refused + outcome.refused,
    slowestMs: Math.max(result.slowestMs, outcome.slowestMs),
    keptMiB: Math.max(result.keptMiB, outcome.keptMiB),
    seconds: result.seconds + outcome.seconds,
    nextSeed: result.nextSeed + 1,
    ...(outcome.finding !== undefined && { finding: `seed ${result.nextSeed}: ${outcome.finding}` }),
  };
}

/** What earlier runs wrote; nothing where there is no such file. */
export function readResults(file: string): Results {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new Error(`${file}: is no file of results; name another with --results`, { cause: error });
  }
}

/** Whole or not at all. */
export function writeResults(file: string, results: Results): void {
  writeFileSync(`${file}.next`, `${JSON.stringify(results, undefined, 2)}\n`);
  renameSync(`${file}.next`, file);
}
