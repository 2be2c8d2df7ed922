import { z } from 'zod';

const count = z.number().int().nonnegative();

/** The part of the demo's report (`penstock demo --report FILE`) that promises are held against. */
const report = z.object({
  story: z.array(z.object({ name: z.string(), passed: z.boolean() })).min(1),
  rollback: z.object({ afterSeconds: z.number() }),
  lostRequests: z.object({ byWeights: count, byBreaker: count, byLimits: count, byRestart: count }),
  usersMovedBack: count,
});

/** A candidate that fails 30 % of its calls is out this long after its first failed call, at 100 requests a second. */
const ROLLBACK_WITHIN_SECONDS = 5;

/** What the report shows that must not be: one line each, none when the story went as told. */
export function brokenPromises(json: unknown): readonly string[] {
  const parsed = report.safeParse(json);
  if (!parsed.success) return [`the report is not as documented: ${z.prettifyError(parsed.error)}`];
  const { story, rollback, lostRequests, usersMovedBack } = parsed.data;
  const broken = story.filter(({ passed }) => !passed).map(({ name }) => `${name}: went otherwise`);
  for (const [cause, lost] of Object.entries(lostRequests))
    if (lost > 0) broken.push(`${lost} requests lost ${cause}`);
  if (usersMovedBack > 0) broken.push(`${usersMovedBack} users moved back`);
  if (rollback.afterSeconds > ROLLBACK_WITHIN_SECONDS)
    broken.push(`rollback after ${rollback.afterSeconds} s, more than ${ROLLBACK_WITHIN_SECONDS}`);
  return broken;
}
