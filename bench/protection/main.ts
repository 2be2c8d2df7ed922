import { parseArgs } from 'node:util';
import { brownOut } from './brown-out.ts';
import { failingPod } from './failing-pod.ts';
import { describeRow, type Row } from './figures.ts';
import { globalLimit, manyClients } from './limits.ts';
import { outage } from './outage.ts';
import { overload } from './overload.ts';

/** What is measured, by name; each run starts real Envoys and ends them. */
const SCENARIOS: Readonly<Record<string, (runs: number) => Promise<readonly Row[]>>> = {
  'failing-pod': failingPod,
  'brown-out': brownOut,
  outage,
  overload,
  'global-limit': globalLimit,
  'many-clients': manyClients,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } },
});
const wanted = positionals.length === 0 ? Object.keys(SCENARIOS) : positionals;
for (const name of wanted) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) {
    process.stderr.write(`no scenario ${name}; ${Object.keys(SCENARIOS).join(', ')}\n`);
    process.exitCode = 2;
    break;
  }
  const rows = await scenario(Number(values.runs));
  if (values.json) process.stdout.write(`${JSON.stringify({ name, rows })}\n`);
  else process.stdout.write(`${name}\n${rows.map((row) => `  ${describeRow(row)}\n`).join('')}`);
}
