import type { Caller } from '../translate/caller.ts';

/** Calls without a pause while something else happens. */
export async function underLoad(
  caller: Caller,
  host: string,
  during: () => Promise<void>,
): Promise<{ readonly calls: number; readonly lost: number }> {
  let isOver = false;
  let calls = 0;
  let lost = 0;
  const load = (async () => {
    while (!isOver) {
      const answers = await caller.calls(25, host);
      calls += answers.length;
      lost += answers.filter(({ status }) => status !== 0).length;
    }
  })();
  try {
    await during();
  } finally {
    isOver = true;
    await load;
  }
  return { calls, lost };
}
