import { earlySteps, standstills, stuckRollouts } from './pace.ts';
import {
  type Breach,
  type Call,
  type EpisodeRecord,
  type RunRecord,
  type Sample,
  struckIn,
} from './record.ts';

/** A promise that was broken. */
export interface Violation extends Breach {
  readonly promise: string;
}

interface Promised {
  readonly name: string;
  readonly check: (run: RunRecord) => Breach[];
}

/** Within this time after the last fault everything is as it should be. */
const RECOVERY_MS = 5_000;
/** What a fault did to calls that were under way, to connections, to a pool, is over after this. */
const AFTERMATH_MS = 4_000;
/** What was heard before is not stale yet, and is decided on. */
const STILL_FRESH_MS = 4_000;
/** Growth of memory from the first third of a run to the last that is no leak. */
const GROWTH_BYTES = 96 * 2 ** 20;

/** What must hold whatever strikes. */
export const PROMISES: readonly Promised[] = [
  { name: 'no request is lost by our doing', check: lostRequests },
  { name: 'nobody is moved back', check: movedBack },
  { name: 'weights sum to the total', check: wrongWeights },
  { name: 'nothing advances blind', check: advancedBlind },
  { name: 'a restart goes on where it was', check: forgotten },
  { name: 'no breaker opens without a cause', check: falseTrips },
  { name: 'every configuration is accepted', check: rejections },
  { name: `all is well ${RECOVERY_MS / 1000} s after the last fault`, check: slowRecoveries },
  { name: 'memory is bounded', check: growth },
  { name: 'no step comes early', check: earlySteps },
  { name: 'a rollout goes on', check: stuckRollouts },
  { name: 'a slow disk stops nothing', check: standstills },
  { name: 'no process ends by itself', check: crashes },
  { name: 'the audit is whole', check: audit },
];

export function judge(run: RunRecord): Violation[] {
  return PROMISES.flatMap(({ name, check }) => check(run).map((found) => ({ ...found, promise: name })));
}

const violation = (at: number, detail: string): Breach => ({ at, detail });

/**
 * Whether a fault may have failed a call. A sidecar that was killed has nothing to serve with until it is told again;
 * that this takes no longer than it may is a promise of its own.
 */
function isExcused(call: Call, { episodes }: RunRecord): boolean {
  return episodes.some((episode) => {
    const wellAt = lastHealed(episode) + (episode.recoveredMs ?? 0);
    return episode.faults.some(
      ({ excuses, beganAt, healedAt }) =>
        (excuses === 'all' || (excuses !== 'none' && excuses.sidecar === call.sidecar)) &&
        call.endedAt >= beganAt &&
        call.beganAt <= Math.max(healedAt, wellAt) + AFTERMATH_MS,
    );
  });
}

function lostRequests(run: RunRecord): Breach[] {
  return run.calls
    .filter((call) => call.status !== 0 && !isExcused(call, run))
    .map((call) =>
      violation(
        call.endedAt,
        `user ${call.user} by ${call.sidecar}: ${call.status ?? 'no status'} ${call.message}`.trim(),
      ),
    );
}

/** A user whom the candidate answered is not answered by stable later in the same story, unless its weight fell. */
function movedBack(run: RunRecord): Breach[] {
  const found: Breach[] = [];
  const users = Map.groupBy(
    run.calls.filter(({ status }) => status === 0),
    ({ user }) => user,
  );
  for (const [user, calls] of users) {
    let previous: Call | undefined;
    for (const call of calls.toSorted((a, b) => a.beganAt - b.beganAt)) {
      const was = previous;
      previous = call;
      if (was === undefined || was.version === call.version || isExcused(call, run)) continue;
      const between = samplesAround(run.samples, was.beganAt, call.endedAt);
      const [first] = between;
      if (first === undefined || between.some(({ rollout }) => rollout.story !== first.rollout.story))
        continue;
      const { candidate, stable } = first.rollout;
      const fell = between.some(({ rollout }, i) => rollout.weight < (between[i - 1]?.rollout.weight ?? 0));
      if (was.version === candidate && call.version === stable && !fell)
        found.push(
          violation(
            call.endedAt,
            `user ${user}: ${candidate}, then ${stable}, at ${first.rollout.weight / 100} %`,
          ),
        );
    }
  }
  return found;
}

/** The samples of a stretch of time, with the last before it and the first after it. */
function samplesAround(samples: readonly Sample[], from: number, to: number): readonly Sample[] {
  const first = samples.findLastIndex(({ at }) => at <= from);
  const last = samples.findIndex(({ at }) => at >= to);
  return samples.slice(Math.max(0, first), last < 0 ? undefined : last + 1);
}

function wrongWeights({ samples }: RunRecord): Breach[] {
  return samples
    .filter(
      ({ weights }) =>
        weights.reduce((sum, each) => sum + each, 0) !== 10_000 || weights.some((each) => each < 0),
    )
    .map(({ at, weights }) => violation(at, weights.join(' + ')));
}

/** While nothing can be heard of any sidecar, neither by reports nor by Prometheus, no weight rises. */
function advancedBlind(run: RunRecord): Breach[] {
  const dark = struckIn(run).filter(({ kind }) => kind === 'blindness');
  return dark.flatMap(({ beganAt, healedAt }) => {
    const seen = run.samples.filter(({ at }) => at > beganAt + STILL_FRESH_MS && at < healedAt);
    return seen.flatMap(({ at, rollout }, i) => {
      const before = seen[i - 1]?.rollout;
      return before !== undefined && before.story === rollout.story && rollout.weight > before.weight
        ? [violation(at, `${before.weight / 100} % → ${rollout.weight / 100} %`)]
        : [];
    });
  });
}

const RESTARTS = ['penstock killed', 'state corrupted'];

function forgotten(run: RunRecord): Breach[] {
  return struckIn(run)
    .filter(({ kind }) => RESTARTS.includes(kind))
    .flatMap(({ beganAt, healedAt }) => {
      const before = run.samples.findLast(({ at }) => at < beganAt)?.rollout;
      const after = run.samples.find(({ at }) => at > healedAt)?.rollout;
      if (before === undefined || after === undefined || before.story !== after.story) return [];
      const back = ['RollingBack', 'RolledBack'].includes(after.phase);
      // The next rollout was written while it was down, and that one begins at nothing.
      const over = before.phase === 'Completed' && after.phase === 'Superseded';
      if (after.weight >= before.weight || back || over) return [];
      return [
        violation(
          healedAt,
          `${before.phase} ${before.weight / 100} % → ${after.phase} ${after.weight / 100} %`,
        ),
      ];
    });
}

/** Calls fail by pods and by candidates; what strikes anything else opens nothing. */
function falseTrips(run: RunRecord): Breach[] {
  const causes = struckIn(run).filter(({ excuses }) => excuses === 'all');
  return run.samples.flatMap(({ at, breaker }, i) => {
    const opened = breaker === 'OPEN' && run.samples[i - 1]?.breaker === 'CLOSED';
    const hasCause = causes.some(({ beganAt, healedAt }) => at >= beganAt && at <= healedAt + 15_000);
    return opened && !hasCause ? [violation(at, 'CLOSED → OPEN')] : [];
  });
}

function rejections({ samples }: RunRecord): Breach[] {
  const seen = new Map<string, number>();
  for (const { at, rejections: texts } of samples)
    for (const text of texts) if (!seen.has(text)) seen.set(text, at);
  return [...seen].map(([text, at]) => violation(at, text));
}

function slowRecoveries({ episodes }: RunRecord): Breach[] {
  return episodes
    .filter(
      ({ recoveredMs, starvedMs }) => recoveredMs === undefined || recoveredMs - starvedMs > RECOVERY_MS,
    )
    .map((episode) => violation(lastHealed(episode), describeRecovery(episode)));
}

function lastHealed({ faults }: EpisodeRecord): number {
  return Math.max(...faults.map(({ healedAt }) => healedAt));
}

function describeRecovery({ faults, recoveredMs, waitedFor, starvedMs }: EpisodeRecord): string {
  const took = recoveredMs === undefined ? 'never' : `${(recoveredMs / 1000).toFixed(1)} s`;
  return `${took} after ${faults.map(({ kind, what }) => `${kind} (${what})`).join(', ')}; waited for: ${waitedFor}; without a processor for ${(starvedMs / 1000).toFixed(1)} s`;
}

function growth({ memory }: RunRecord): Breach[] {
  const third = Math.floor(memory.length / 3);
  if (third < 10) return [];
  const median = (of: readonly { readonly bytes: number }[]): number =>
    of.map(({ bytes }) => bytes).toSorted((a, b) => a - b)[Math.floor(of.length / 2)] ?? 0;
  const [early, late] = [median(memory.slice(0, third)), median(memory.slice(-third))];
  if (late - early <= GROWTH_BYTES) return [];
  return [
    violation(
      memory.at(-1)?.at ?? 0,
      `${Math.round(early / 2 ** 20)} MiB → ${Math.round(late / 2 ** 20)} MiB`,
    ),
  ];
}

function crashes(run: RunRecord): Breach[] {
  return run.crashes.map((how) => violation(0, how));
}

function audit({ audit: { code, text } }: RunRecord): Breach[] {
  return code === 0 ? [] : [violation(0, text)];
}
