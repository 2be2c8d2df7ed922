import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { type DigitSamples, decodeLabel } from './digits.ts';
import type { CallOutcome } from './tally.ts';

const MODEL_INFER = '/inference.GRPCInferenceService/ModelInfer';
const DEADLINE_MS = 10_000;
const LONGEST_BURST_S = 0.1;
const asBuffer = (bytes: Buffer): Buffer => bytes;

/** Calls at a steady rate by many users, until it is stopped. */
export interface Load {
  /** Outcomes of the calls that ended since the given moment (ms of `performance.now()`). */
  since(moment: number): readonly CallOutcome[];
  /** Stops sending and waits for the calls under way. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** `HOST:PORT` of the sidecar. */
  readonly target: string;
  /** The name that is dialled. */
  readonly authority: string;
  readonly samples: DigitSamples;
  readonly callsPerSecond: number;
  readonly users: readonly string[];
  /** Called with every outcome as it comes. */
  readonly onOutcome?: (outcome: CallOutcome) => void;
}

/**
 * Starts open-loop load: a call is due every `1 / callsPerSecond` seconds whether or not earlier ones were
 * answered, as from independent users.
 */
export function startLoad(options: LoadOptions): Load {
  const client = new Client(options.target, credentials.createInsecure(), {
    'grpc.default_authority': options.authority,
    'grpc.enable_retries': 0,
  });
  const outcomes: CallOutcome[] = [];
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * options.callsPerSecond);
    // After a stall of this process the missed calls are dropped: users do not come in a burst.
    sent = Math.max(sent, due - Math.ceil(options.callsPerSecond * LONGEST_BURST_S));
    for (; sent < due; sent++) {
      const call = send(client, options, sent).then((outcome) => {
        outcomes.push(outcome);
        options.onOutcome?.(outcome);
        underWay.delete(call);
      });
      underWay.add(call);
    }
  }, 5);
  return {
    since: (moment) => outcomes.filter((each) => each.endedAt >= moment),
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
      client.close();
    },
  };
}

function send(client: Client, options: LoadOptions, index: number): Promise<CallOutcome> {
  const { samples, users } = options;
  const sample = index % samples.requests.length;
  // A stride that shares no factor with the number of users visits them all, in no simple order.
  const user = users[(index * 7919) % users.length] ?? '';
  const metadata = new Metadata();
  metadata.set('x-user-id', user);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let version: string | undefined;
    let fallback: string | undefined;
    const finish = (error: ServiceError | null, response: Buffer | undefined): void => {
      // A failure without a message of its own is told by its trailers alone.
      const told = (name: string): string | undefined => error?.metadata?.get(name)[0]?.toString();
      resolve({
        user,
        startedAt,
        endedAt: performance.now(),
        code: error?.code ?? 0,
        message: error?.details ?? '',
        version: version ?? told('x-penstock-version'),
        fallback: fallback ?? told('x-penstock-fallback'),
        correct: response === undefined ? undefined : decodeLabel(response) === samples.labels[sample],
      });
    };
    const request = samples.requests[sample] ?? Buffer.alloc(0);
    client
      .makeUnaryRequest(
        MODEL_INFER,
        asBuffer,
        asBuffer,
        request,
        metadata,
        { deadline: Date.now() + DEADLINE_MS },
        finish,
      )
      .on('metadata', (received) => {
        version = received.get('x-penstock-version')[0]?.toString();
        fallback = received.get('x-penstock-fallback')[0]?.toString();
      });
  });
}
