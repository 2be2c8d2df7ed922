import type { TimedAnswer } from '../../e2e/protection/load.ts';
import { until } from '../../e2e/translate/mesh.ts';
import { TOTAL_WEIGHT } from '../../src/core/ir/ir.ts';
import { ARGO_DOCUMENTED, argoLike } from '../../src/core/replay/argo-like.ts';
import { FLAGGER_DEFAULTS, FLAGGER_TUTORIAL, flaggerLike } from '../../src/core/replay/flagger-like.ts';
import type { PeerRule, RuleLook, RuleState } from '../../src/core/replay/rule.ts';
import type { DecisionRecord } from '../../src/core/status/status.ts';
import { type Canary, GOOD, startFleet } from './fleet.ts';
import { recordedTable, replayRecorded } from './recorded.ts';
import type { Plan } from './scenarios.ts';
import type { VersionBehaviour } from './versions.ts';

/** What the services of the comparison do, one each: the candidate's behaviour, and stable's where it is not GOOD. */
const CASES: readonly {
  readonly what: string;
  readonly stable?: VersionBehaviour;
  readonly candidate: VersionBehaviour;
}[] = [
  { what: 'fails always', candidate: { ...GOOD, failureRate: 1 } },
  { what: 'fails 10 %', candidate: { ...GOOD, failureRate: 0.1 } },
  { what: 'fails 3 %', candidate: { ...GOOD, failureRate: 0.03 } },
  { what: 'twice as slow', candidate: { ...GOOD, medianMs: 2 * GOOD.medianMs } },
  { what: 'as good as stable (0.1 %)', candidate: GOOD },
  ...[1, 2].map((i) => ({
    what: `as good as stable (0.5 %), ${i}`,
    stable: { ...GOOD, failureRate: 0.005 },
    candidate: { ...GOOD, failureRate: 0.005 },
  })),
];

/** Judged and recorded without consequences, so that all rules see the same requests: 10 % for the whole time. */
const ROLLOUT =
  'strategy: {steps: [{setWeight: 10}, {pause: {}}]}, analysis: {warmUp: 2s, metrics: [' +
  '{name: errors, type: ErrorRate, maxRatio: 2, thresholdRange: {max: 0.01}, dryRun: true}, ' +
  '{name: latency, type: Latency, maxRatio: 1.5, dryRun: true}]}';

const stages = [
  {
    kind: 'weight',
    weight: TOTAL_WEIGHT / 10,
    pauseMs: Number.POSITIVE_INFINITY,
    mirrorPercent: 0,
    slices: {},
  },
] as const;

/** Flagger's fastest allowed settings, as the others are its documented ones. */
const FLAGGER_FASTEST = {
  ...FLAGGER_DEFAULTS,
  name: 'Flagger-like, fastest (10 s, 1)',
  intervalMs: 10_000,
};

const LATENCY_BOUNDS = [5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000];

interface Verdict {
  readonly rule: string;
  /** When it called for a rollback, after the candidate turned; undefined: it did not. */
  readonly seconds: number | undefined;
  /** The candidate's calls until then, or until the end, that failed. */
  readonly failed: number;
  readonly calls: number;
}

interface CaseResult {
  readonly what: string;
  readonly verdicts: readonly Verdict[];
}

/**
 * The same requests judged by our gates and by the rules of Flagger and Argo Rollouts: as the callers saw them, and
 * once more as Prometheus recorded them.
 */
export async function sideBySide(
  plan: Plan,
  minutes: number,
): Promise<{ readonly result: unknown; readonly report: string }> {
  await using fleet = await startFleet({ ...plan, services: CASES.length, rollout: ROLLOUT });
  await Promise.all(
    fleet.canaries.map(async (canary, i) => {
      await canary.behave(0, CASES[i]?.stable ?? GOOD);
      await canary.behave(1, CASES[i]?.stable ?? GOOD);
      await until('warm', async () => (await canary.status()).phase === 'Progressing', 60_000);
    }),
  );
  await pass(5_000);
  await Promise.all(fleet.canaries.map((canary, i) => canary.behave(1, CASES[i]?.candidate ?? GOOD)));
  const turned = { clock: Date.now(), at: performance.now() };
  await pass(minutes * 60_000);
  for (const canary of fleet.canaries) isStillAnswered(canary);
  const decisions = await fleet.penstock.decisions('reason=DryRunBreached&limit=500');
  const result = fleet.canaries.map((canary, i) => ({
    what: CASES[i]?.what ?? '',
    verdicts: judge(canary, turned, decisions),
  }));
  const recorded = await replayRecorded(fleet, turned.clock, Date.now());
  const by = recordedTable(
    recorded,
    CASES.map(({ what }) => what),
    turned.clock,
  );
  return { result: { answered: result, recorded }, report: `${table(result)}\n${by}` };
}

const SILENCE_MS = 5_000;

/** A comparison of requests that ended halfway compares nothing. */
function isStillAnswered({ name, load }: Canary): void {
  const well = load.answers.filter(({ status, version }) => status === 0 && version !== undefined);
  const silentMs = performance.now() - Math.max(0, ...well.slice(-100).map(({ at }) => at));
  if (silentMs > SILENCE_MS) throw new Error(`${name} has not been answered for ${Math.round(silentMs)} ms`);
}

function judge(
  canary: Canary,
  turned: { readonly clock: number; readonly at: number },
  decisions: readonly DecisionRecord[],
): readonly Verdict[] {
  const seen = canary.load.answers.filter(({ at, version }) => at >= turned.at && version === 'v2');
  const until_ = (rule: string, seconds: number | undefined): Verdict => {
    const before = seen.filter(({ at }) => seconds === undefined || at < turned.at + 1000 * seconds);
    return {
      rule,
      seconds,
      calls: before.length,
      failed: before.filter(({ status }) => status !== 0).length,
    };
  };
  const ours = decisions
    .filter(({ subject, at }) => subject.endsWith(`/${canary.name}-v2`) && at >= turned.clock)
    .map(({ at }) => (at - turned.clock) / 1000);
  const looks = looksOf(seen, turned.at);
  return [
    until_('Penstock', ours.length === 0 ? undefined : Math.min(...ours)),
    ...[FLAGGER_FASTEST, FLAGGER_DEFAULTS, FLAGGER_TUTORIAL].map((settings) =>
      until_(settings.name, rolledBackAfter(flaggerLike(settings), looks)),
    ),
    until_(ARGO_DOCUMENTED.name, rolledBackAfter(argoLike(ARGO_DOCUMENTED, stages), looks)),
  ];
}

/** When the rule rolls back, s; a promotion ends it as well. */
function rolledBackAfter<State extends RuleState>(
  rule: PeerRule<State>,
  looks: readonly RuleLook[],
): number | undefined {
  let state = rule.start(0);
  for (const look of looks) {
    state = rule.look(state, look);
    if (state.outcome === 'rolled back') return look.atMs / 1000;
    if (state.outcome === 'promoted') return undefined;
  }
  return undefined;
}

/** The candidate's answers second by second, as a rule's queries would sum them. */
function looksOf(answers: readonly TimedAnswer[], since: number): readonly RuleLook[] {
  const seconds = Math.floor(Math.max(0, ...answers.map(({ at }) => at - since)) / 1000);
  return Array.from({ length: seconds }, (_, second) => {
    const of = answers.filter(({ at }) => Math.floor((at - since) / 1000) === second);
    const counts = [...LATENCY_BOUNDS.map(() => 0), 0];
    for (const { tookMs } of of) {
      const bucket = LATENCY_BOUNDS.findIndex((bound) => tookMs <= bound);
      const at = bucket < 0 ? LATENCY_BOUNDS.length : bucket;
      counts[at] = (counts[at] ?? 0) + 1;
    }
    return {
      atMs: 1000 * (second + 1),
      requests: { requests: of.length, failures: of.filter(({ status }) => status !== 0).length },
      latencyMs: { bounds: LATENCY_BOUNDS, counts },
    };
  });
}

function table(result: readonly CaseResult[]): string {
  const rules = result[0]?.verdicts.map(({ rule }) => rule) ?? [];
  const cell = ({ seconds, failed, calls }: Verdict) =>
    seconds === undefined
      ? `no (${failed} of ${calls} failed)`
      : `${Number(seconds.toPrecision(3))} s, ${failed} of ${calls} failed`;
  const rows = result.map(({ what, verdicts }) => `| ${what} | ${verdicts.map(cell).join(' | ')} |`);
  return `| candidate | ${rules.join(' | ')} |\n|${'---|'.repeat(rules.length + 1)}\n${rows.join('\n')}\n`;
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
