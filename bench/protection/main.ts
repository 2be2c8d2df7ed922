import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
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

/**
 * Each run in a process of its own: what one leaves behind ends with it, and one that fails, on a machine that is too
 * busy to start a dozen Envoys, is told and costs no other.
 */
async function oneByOne(name: string, runs: number, minutes: string): Promise<readonly Row[]> {
  const merged = new Map<string, Row>();
  for (let run = 1; run <= runs; run++) {
    const own = ['--scenario', name, '--runs', '1', '--minutes', minutes, '--json'];
    try {
      const main = fileURLToPath(import.meta.url);
      const { stdout } = await promisify(execFile)(process.execPath, [main, ...own]);
      const { rows } = JSON.parse(stdout) as { rows: readonly Row[] };
      for (const row of rows) {
        const values = [
          ...(merged.get(row.what)?.values ?? []),
          ...row.values.map((value) => value ?? undefined),
        ];
        merged.set(row.what, { ...row, values });
      }
      process.stderr.write(
        `${name}, run ${run} of ${runs}: ${JSON.stringify(rows.map(({ values }) => values[0]))}\n`,
      );
    } catch (error) {
      process.stderr.write(
        `${name}, run ${run} of ${runs} failed: ${error instanceof Error ? error.message : error}\n`,
      );
    }
  }
  return [...merged.values()];
}

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
  const runs = Number(values.runs);
  const rows =
    runs === 1
      ? await scenario({ runs, minutes: Number(values.minutes) })
      : await oneByOne(name, runs, values.minutes);
  if (values.json) process.stdout.write(`${JSON.stringify({ name, rows })}\n`);
  else process.stdout.write(`${name}\n${rows.map((row) => `  ${describeRow(row)}\n`).join('')}`);
}
