/**
 * A runner: the child process that holds one model version and computes its batches, one at a time.
 *
 * It reads and writes its pipe with blocking calls, since it has nothing else to do: inference blocks the thread
 * anyway. When the server goes, the pipe ends and so does the runner.
 */
import { readSync, writeSync } from 'node:fs';
import { type Frame, FrameReader, frameOf } from './frames.ts';
import { headerOf, type RunnerReply, type RunnerRequest, tensorsIn } from './messages.ts';
import { type OpenModel, openModel } from './session.ts';

/** The file descriptor of the pipe to the server, behind stdin, stdout and stderr. */
const PIPE = 3;
const CHUNK_BYTES = 1 << 20;

let model: OpenModel | undefined;

async function answer({ header, payload }: Frame): Promise<void> {
  const request = header as RunnerRequest;
  try {
    if (request.kind === 'load') {
      const { from, settings } = request;
      model = await openModel(typeof from === 'string' ? from : payload.subarray(0, from), settings);
      write({ kind: 'loaded', loaded: model.loaded }, []);
      return;
    }
    if (!model) throw new Error('no model is loaded');
    const startedMs = performance.now();
    const outputs = await model.run(tensorsIn(request.tensors, payload), request.outputs);
    const computeMs = performance.now() - startedMs;
    write(
      { kind: 'ran', tensors: outputs.map(headerOf), computeMs },
      outputs.map((output) => [output.data]),
    );
  } catch (thrown) {
    write({ kind: 'failed', message: thrown instanceof Error ? thrown.message : String(thrown) }, []);
  }
}

function write(reply: RunnerReply, parts: readonly (readonly Uint8Array[])[]): void {
  // Joined, because a call into the system costs more than copying what most answers hold.
  const frame = Buffer.concat(frameOf(reply, parts));
  let written = 0;
  while (written < frame.length) written += writeSync(PIPE, frame, written);
}

async function serve(): Promise<void> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  const frames: Frame[] = [];
  const reader = new FrameReader((frame) => frames.push(frame));
  for (;;) {
    const bytes = readSync(PIPE, chunk);
    if (bytes === 0) return;
    reader.push(chunk.subarray(0, bytes));
    for (let frame = frames.shift(); frame; frame = frames.shift()) await answer(frame);
  }
}

// A signal to the whole group is for the server: the runner stays until that has drained and closes the pipe.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
await serve();
