import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replay } from '../../src/app/replay.ts';
import type { RolloutReplay } from '../../src/core/replay/replay.ts';
import type { CanaryFleet } from './fleet.ts';

/** Rolls back, and stays at a tenth of the traffic otherwise, as the fleet did: the recorded split is the rule's own. */
const DECIDING =
  'strategy: {steps: [{setWeight: 10}, {pause: {}}, {setWeight: 100}]}, analysis: {warmUp: 0s, metrics: [' +
  '{name: errors, type: ErrorRate, maxRatio: 2, thresholdRange: {max: 0.01}}, ' +
  '{name: latency, type: Latency, maxRatio: 1.5}]}';
const STEP_MS = 1000;
const PATIENCE_MS = 30_000;

/** Every rule on what the fleet's Prometheus recorded of its Envoy between two moments (Date.now). */
export async function replayRecorded(
  fleet: CanaryFleet,
  from: number,
  to: number,
): Promise<readonly RolloutReplay[]> {
  const folder = mkdtempSync(join(tmpdir(), 'penstock-recorded-'));
  try {
    const file = join(folder, 'specs.yaml');
    writeFileSync(file, fleet.specs(DECIDING));
    const by = { prometheus: fleet.prometheusUrl, prometheusTimeout: PATIENCE_MS };
    const options = { ...by, file: [file], from, to, step: STEP_MS };
    return await replay(options, () => {});
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A row a candidate, a column a rule: when it rolled back, and how many of the candidate's calls had failed by then. */
export function recordedTable(
  replays: readonly RolloutReplay[],
  what: readonly string[],
  from: number,
): string {
  const rules = replays[0]?.rules.map(({ name }) => name) ?? [];
  const rows = replays.map(({ rules: fared }, i) => {
    const cells = fared.map(({ outcome, endedAt, cost: { recorded } }) => {
      const when = endedAt === undefined ? '' : ` after ${Math.round((endedAt - from) / 1000)} s`;
      return `${outcome}${when}, ${recorded.failures} of ${recorded.requests} failed`;
    });
    return `| ${what[i] ?? ''} | ${cells.join(' | ')} |`;
  });
  return `| candidate, by Prometheus | ${rules.join(' | ')} |\n|${'---|'.repeat(rules.length + 1)}\n${rows.join('\n')}\n`;
}
