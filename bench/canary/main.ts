import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GOOD } from './fleet.ts';
import { inflections, type Plan, promotions, retreats, stillbirths } from './scenarios.ts';
import { sideBySide } from './side-by-side.ts';
import { describeSpread, plotSpreads, type Spread } from './spread.ts';

// Rollouts on real Envoys: how soon a bad candidate is out of traffic and what it costs, how surely a good one
// takes over, and what the rules of others say of the same requests. Results go to bench/results/canary/.

const RESULTS = new URL('../results/canary/', import.meta.url);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    services: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '4' },
    rate: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    tolerated: { type: 'string', default: '1.5' },
    push: { type: 'boolean', default: false },
    patience: { type: 'string', default: '900' },
    minutes: { type: 'string', default: '16.5' },
  },
});
const plan: Plan = {
  services: Number(values.services),
  rounds: Number(values.rounds),
  ratePerSecond: Number(values.rate),
  seed: Number(values.seed),
  tolerated: Number(values.tolerated),
  pushLatencies: values.push,
  patienceSeconds: Number(values.patience),
};

type Runs = readonly { readonly seconds?: number | undefined; readonly spoilt?: number }[];

const retreat = (behaviour: typeof GOOD) => () => retreats(plan, behaviour);

/** What is measured, by name. */
const SCENARIOS: Readonly<Record<string, () => Promise<Runs>>> = {
  dead: retreat({ ...GOOD, failureRate: 1 }),
  stillborn: () => stillbirths(plan),
  slow: retreat({ ...GOOD, medianMs: 2 * GOOD.medianMs }),
  good: () => promotions(plan),
  inflection: () => inflections(plan),
};

function spreadsOf(name: string, runs: Runs): readonly Spread[] {
  const ends: Readonly<Record<string, string>> = { good: 'all traffic after', inflection: 'frozen after' };
  const what = ends[name] ?? 'out of traffic after';
  const seconds = { what: `${name}: ${what}`, unit: 's', values: runs.map((run) => run.seconds) };
  if (name in ends) return [seconds];
  return [seconds, { what: `${name}: spoilt calls`, unit: '', values: runs.map(({ spoilt }) => spoilt) }];
}

/** The plot of everything that was measured so far, in this run and in earlier ones. */
function plotKept(): void {
  const kept = Object.keys(SCENARIOS).flatMap((name) => {
    const file = new URL(`${name}.json`, RESULTS);
    if (!existsSync(file)) return [];
    return spreadsOf(name, (JSON.parse(readFileSync(file, 'utf8')) as { readonly result: Runs }).result);
  });
  writeFileSync(new URL('spread.svg', RESULTS), plotSpreads(kept));
}

function keep(name: string, result: unknown): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(`${name}.json`, RESULTS), `${JSON.stringify({ plan, result }, undefined, 1)}\n`);
}

const names = [...Object.keys(SCENARIOS), 'side-by-side'];
const wanted = positionals.length === 0 ? names : positionals;
const unknown = wanted.find((name) => !names.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`no scenario ${unknown}; ${names.join(', ')}\n`);
  process.exit(2);
}
for (const name of wanted) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    const { report, result } = await sideBySide(plan, Number(values.minutes));
    keep(name, result);
    process.stdout.write(report);
    continue;
  }
  const runs = await scenario();
  keep(name, runs);
  process.stdout.write(
    spreadsOf(name, runs)
      .map((spread) => `${describeSpread(spread)}\n`)
      .join(''),
  );
  plotKept();
}
