import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GOOD } from './fleet.ts';
import { type Plan, promotions, retreats } from './scenarios.ts';
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
    minutes: { type: 'string', default: '16.5' },
  },
});
const plan: Plan = {
  services: Number(values.services),
  rounds: Number(values.rounds),
  ratePerSecond: Number(values.rate),
  seed: Number(values.seed),
  tolerated: Number(values.tolerated),
};

const retreat = (what: string, behaviour: typeof GOOD) => async (): Promise<readonly Spread[]> => {
  const runs = await retreats(plan, behaviour);
  keep(what, runs);
  return [
    { what: `${what}: out of traffic after`, unit: 's', values: runs.map(({ seconds }) => seconds) },
    { what: `${what}: spoilt calls`, unit: '', values: runs.map(({ spoilt }) => spoilt) },
  ];
};

/** What is measured, by name. */
const SCENARIOS: Readonly<Record<string, () => Promise<readonly Spread[]>>> = {
  dead: retreat('dead', { ...GOOD, failureRate: 1 }),
  slow: retreat('slow', { ...GOOD, medianMs: 2 * GOOD.medianMs }),
  good: async () => {
    const runs = await promotions(plan);
    keep('good', runs);
    return [{ what: 'good: all traffic after', unit: 's', values: runs.map(({ seconds }) => seconds) }];
  },
};

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
const spreads: Spread[] = [];
for (const name of wanted) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    const { report, result } = await sideBySide(plan, Number(values.minutes));
    keep(name, result);
    process.stdout.write(report);
    continue;
  }
  const found = await scenario();
  spreads.push(...found);
  process.stdout.write(found.map((spread) => `${describeSpread(spread)}\n`).join(''));
}
if (spreads.length > 0) writeFileSync(new URL('spread.svg', RESULTS), plotSpreads(spreads));
