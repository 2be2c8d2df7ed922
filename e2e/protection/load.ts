import type { Answer, Caller } from '../translate/caller.ts';

/** When an answer came, and how long it took, ms. */
export type TimedAnswer = Answer & { readonly at: number; readonly tookMs: number };

/** Calls that go on at a rate until they are stopped. */
export interface Load {
  /** What was answered so far. */
  readonly answers: readonly TimedAnswer[];
  stop(): Promise<void>;
}

/**
 * Starts calls at a steady rate; they do not wait for each other, and a deadline ends each.
 * @param take is given each answer, in the place of `answers` keeping it: for long runs
 */
export function startLoad(
  caller: Caller,
  authority: string,
  ratePerSecond: number,
  deadlineMs = 5000,
  take?: (answer: TimedAnswer) => void,
  headers: Readonly<Record<string, string>> = {},
): Load {
  const answers: TimedAnswer[] = [];
  const keep = take ?? ((answer: TimedAnswer) => void answers.push(answer));
  const underway = new Set<Promise<void>>();
  const startedAt = performance.now();
  let begun = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * ratePerSecond) / 1000);
    while (begun < due) {
      begun += 1;
      const from = performance.now();
      const call = caller
        .call(
          authority,
          { 'grpc-timeout': `${deadlineMs}m`, 'x-user-id': `u${begun}`, ...headers },
          deadlineMs,
        )
        .then((answer) => {
          const at = performance.now();
          keep({ ...answer, at, tookMs: at - from });
        })
        .finally(() => underway.delete(call));
      underway.add(call);
    }
  }, 5);
  return {
    answers,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underway);
    },
  };
}
