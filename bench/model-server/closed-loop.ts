import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';

/** What a closed loop of calls came to. */
export interface LoadResult {
  readonly seconds: number;
  readonly answered: number;
  readonly failed: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadSettings {
  readonly address: string;
  /** Full name of the method, such as `/inference.GRPCInferenceService/ModelInfer`. */
  readonly path: string;
  /** The calls' messages, ready to be sent, in turn. */
  readonly messages: readonly Buffer[];
  /** Calls under way at any time. */
  readonly inFlight: number;
  readonly seconds: number;
  /** Looks at some answers; what it throws counts as a failure. */
  readonly check: (answer: Buffer) => void;
}

const CHECK_EVERY = 50;

/** Keeps a number of calls under way for some time. Messages and answers stay bytes, so that the client costs little. */
export async function closedLoop(settings: LoadSettings): Promise<LoadResult> {
  const { address, path, messages, inFlight, seconds, check } = settings;
  const client = new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });
  const keep = (bytes: Buffer) => bytes;
  const latencies: number[] = [];
  let failed = 0;
  let sent = 0;
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  const call = (message: Buffer) =>
    new Promise<Buffer>((resolve, reject) =>
      client.makeUnaryRequest(
        path,
        keep,
        keep,
        message,
        new Metadata(),
        {},
        (error: ServiceError | null, answer) => (error || !answer ? reject(error) : resolve(answer)),
      ),
    );
  const caller = async () => {
    while (performance.now() < endMs) {
      const number = sent++;
      const sentMs = performance.now();
      try {
        const answer = await call(messages[number % messages.length] as Buffer);
        if (number % CHECK_EVERY === 0) check(answer);
        latencies.push(performance.now() - sentMs);
      } catch {
        failed++;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const passed = (performance.now() - startedMs) / 1_000;
  client.close();
  const sorted = latencies.sort((left, right) => left - right);
  const quantile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return {
    seconds: passed,
    answered: sorted.length,
    failed,
    requestsPerSecond: sorted.length / passed,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
  };
}
