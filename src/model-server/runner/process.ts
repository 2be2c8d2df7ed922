import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Problem } from '../protocol/problem.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { type Frame, FrameReader, frameOf } from './frames.ts';
import {
  type LoadedModel,
  type RunnerReply,
  type RunnerRequest,
  type SessionSettings,
  type TensorHeader,
  tensorsIn,
} from './messages.ts';

/** One input of a batch: the header of the whole, and the rows of each request in their order. */
export interface BatchInput {
  readonly header: TensorHeader;
  readonly slices: readonly Uint8Array[];
}

/** What a batch computed to. */
export interface BatchResult {
  readonly outputs: readonly Tensor[];
  readonly computeMs: number;
}

/** Why a runner is gone, in words. */
export interface RunnerExit {
  readonly reason: string;
}

/** A child process that holds one model version. It takes one call at a time. */
export interface Runner {
  readonly pid: number;
  /** Loads a model from a file, or from bytes that never touch the disk. Rejects with FAILED_PRECONDITION. */
  load(source: string | Uint8Array, settings: SessionSettings): Promise<LoadedModel>;
  /**
   * Computes one batch. Rejects with INVALID_ARGUMENT or INTERNAL when the runtime refuses it, UNAVAILABLE when the
   * runner dies.
   */
  run(inputs: readonly BatchInput[], outputs: readonly string[]): Promise<BatchResult>;
  /** Ends it after the call under way. */
  stop(): void;
  /** Ends it at once; `reason` is what `exited` will tell. */
  kill(reason: string): void;
  /** Resolves when the process has gone, for whatever reason. */
  readonly exited: Promise<RunnerExit>;
}

const RUNNER_FILE = fileURLToPath(new URL(`./main${extname(import.meta.filename)}`, import.meta.url));
const KEPT_WORDS = 2_000;

/** Starts a runner. `onWords` is told what it writes to its standard error. */
export function startRunner(onWords: (words: string) => void): Runner {
  const child = spawn(process.execPath, [RUNNER_FILE], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  const pipe = child.stdio[3] as Duplex;
  let waiting: { resolve: (frame: Frame) => void; reject: (problem: Problem) => void } | undefined;
  let killedBecause: string | undefined;
  let lastWords = '';

  const reader = new FrameReader((frame) => {
    const { resolve } = waiting ?? {};
    waiting = undefined;
    resolve?.(frame);
  });
  pipe.on('data', (chunk: Buffer) => reader.push(chunk));
  // A broken pipe is the death of the runner, which `exited` tells.
  pipe.on('error', () => undefined);
  child.stderr?.on('data', (chunk: Buffer) => {
    const words = chunk.toString();
    lastWords = (lastWords + words).slice(-KEPT_WORDS);
    onWords(words);
  });

  const exited = new Promise<RunnerExit>((resolve) => {
    const end = (reason: string) => {
      waiting?.reject(new Problem('UNAVAILABLE', reason));
      waiting = undefined;
      resolve({ reason });
    };
    child.once('error', (error) => end(`runner could not be started: ${error.message}`));
    child.once('close', (code, signal) => end(killedBecause ?? exitReason(code, signal, lastWords)));
  });

  const call = (request: RunnerRequest, parts: readonly (readonly Uint8Array[])[]) =>
    new Promise<Frame>((resolve, reject) => {
      if (child.exitCode !== null || child.signalCode !== null) {
        reject(new Problem('UNAVAILABLE', killedBecause ?? 'the runner has gone'));
        return;
      }
      waiting = { resolve, reject };
      pipe.cork();
      for (const piece of frameOf(request, parts)) pipe.write(piece);
      pipe.uncork();
    });

  return {
    pid: child.pid ?? 0,
    exited,
    async load(source, settings) {
      const frame = await (typeof source === 'string'
        ? call({ kind: 'load', from: source, settings }, [])
        : call({ kind: 'load', from: source.length, settings }, [[source]]));
      const reply = frame.header as RunnerReply;
      if (reply.kind === 'loaded') return reply.loaded;
      throw new Problem('FAILED_PRECONDITION', reply.kind === 'failed' ? reply.message : 'unexpected reply');
    },
    async run(inputs, outputs) {
      const frame = await call(
        { kind: 'run', tensors: inputs.map((input) => input.header), outputs },
        inputs.map((input) => input.slices),
      );
      const reply = frame.header as RunnerReply;
      if (reply.kind === 'ran')
        return { outputs: tensorsIn(reply.tensors, frame.payload), computeMs: reply.computeMs };
      throw refusal(reply.kind === 'failed' ? reply.message : 'unexpected reply');
    },
    stop: () => pipe.end(),
    kill(reason) {
      killedBecause ??= reason;
      child.kill('SIGKILL');
    },
  };
}

/** What the runtime says when the fault is in the data and not in the model or the machine. */
const CALLERS_FAULT =
  /invalid[ _]?argument|out of (data )?bounds|out of range|got invalid dimensions|cannot be reshaped/i;

function refusal(message: string): Problem {
  return new Problem(CALLERS_FAULT.test(message) ? 'INVALID_ARGUMENT' : 'INTERNAL', message);
}

function exitReason(code: number | null, signal: NodeJS.Signals | null, lastWords: string): string {
  const how = signal ? `the runner was ended by ${signal}` : `the runner ended with exit code ${code}`;
  const words = lastWords.trim();
  return words === '' ? how : `${how}: ${words.split('\n').slice(-3).join(' ')}`;
}
