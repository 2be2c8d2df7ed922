import { createWriteStream } from 'node:fs';
import type { InferenceRequest } from '../protocol/inference.ts';
import type { CallRecord } from '../serving/inference.ts';
import type { Tensor } from '../tensors/tensor.ts';
import { type AuditBounds, auditEntry } from './entry.ts';

export interface AuditSettings extends AuditBounds {
  /** Lines of JSON are appended to it; only its owner may read a file that is made. */
  readonly file: string;
  /** The share of calls that are written, 0 to 1. */
  readonly sampleShare: number;
}

/** Where the end of each call is told, with what was asked and answered. */
export interface InferenceAudit {
  add(record: CallRecord, request: InferenceRequest, outputs: readonly Tensor[]): void;
  close(): Promise<void>;
}

/** What may wait for a slow disk. Beyond, entries are dropped and counted: an audit must not hold up answers. */
const MAX_WAITING_BYTES = 8 * 2 ** 20;
const TELL_EVERY_MS = 10_000;

/**
 * Opens the audit of a model server's calls.
 * @param random 0 ≤ x < 1, for the sample
 * @param onTrouble told in words when entries are lost, at most every ten seconds
 */
export function openInferenceAudit(
  settings: AuditSettings,
  { random, onTrouble }: { readonly random: () => number; readonly onTrouble: (words: string) => void },
): InferenceAudit {
  const stream = createWriteStream(settings.file, { flags: 'a', mode: 0o600 });
  let lost = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  const lose = (why: string) => {
    lost++;
    if (performance.now() - toldAt < TELL_EVERY_MS) return;
    toldAt = performance.now();
    onTrouble(`${settings.file}: ${lost} calls are not in the audit: ${why}`);
  };
  let broken: Error | undefined;
  stream.on('error', (error) => {
    broken = error;
    lose(error.message);
  });
  return {
    add(record, request, outputs) {
      if (random() >= settings.sampleShare) return;
      if (broken) return lose(broken.message);
      if (stream.writableLength > MAX_WAITING_BYTES) return lose('the disk is too slow');
      stream.write(`${JSON.stringify(auditEntry(record, request, outputs, settings))}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        if (broken) return resolve();
        stream.once('error', () => resolve());
        stream.end(() => resolve());
      }),
  };
}
