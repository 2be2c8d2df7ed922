import { parseArgs } from 'node:util';
import { brownOut } from './brown-out.ts';
import { failingPod } from './failing-pod.ts';
import { describeRow, type Row } from './figures.ts';
import { globalLimit } from './global-limit.ts';
import { healthy } from './healthy.ts';
import { manyClients } from './many-clients.ts';
import { outage } from './outage.ts';
import { overload } from './overload.ts';

interface Given {
  readonly runs: number;
  /** How long a run of `healthy` is. */
  readonly minutes: number;
}

/** What is measured, by name; each run starts real Envoys and ends them. */
const SCENARIOS: Readonly<Record<string, (given: Given) => Promise<readonly Row[]>>> = {
  'failing-pod': ({ runs }) => failingPod(runs),
  'brown-out': ({ runs }) => brownOut(runs),
  outage: ({ runs }) => outage(runs),
  overload: ({ runs }) => overload(runs),
  'global-limit': ({ runs }) => globalLimit(runs),
  'many-clients': ({ runs }) => manyClients(runs),
  healthy: ({ runs, minutes }) => healthy(runs, minutes),
};

const { values } = parseArgs({
  options: {
    scenario: {
      type: 'string',
      multiple: true,
      default: Object.keys(SCENARIOS).filter((name) => name !== 'healthy'),
    },
    runs: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(
    `main.ts [--scenario NAME]… [--runs N] [--minutes N] [--json]\nscenarios: ${Object.keys(SCENARIOS).join(', ')}; without --scenario all but healthy, which takes --minutes (60) a run\n`,
  );
  process.exit(0);
}
for (const name of values.scenario) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    process.stderr.write(`no scenario ${name}; ${Object.keys(SCENARIOS).join(', ')}\n`);
    process.exitCode = 2;
    break;
  }
  const rows = await scenario({ runs: Number(values.runs), minutes: Number(values.minutes) });
  if (values.json) process.stdout.write(`${JSON.stringify({ name, rows })}\n`);
  else process.stdout.write(`${name}\n${rows.map((row) => `  ${describeRow(row)}\n`).join('')}`);
}
