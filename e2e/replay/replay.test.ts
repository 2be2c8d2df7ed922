import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../src/app/toolchain.ts';
import type { ReplayedRule, RolloutReplay } from '../../src/core/replay/replay.ts';
import { type PrometheusProcess, startPrometheus } from '../../src/signals/prometheus/prometheus-fixture.ts';
import { writePast } from './recorded-past.ts';

const MAIN = fileURLToPath(new URL('../../cmd/penstock/main.ts', import.meta.url));

/** The past is recorded from here; the rollout begins a minute later. */
const PAST_S = Date.UTC(2026, 0, 15, 12) / 1000;
const FROM_S = PAST_S + 60;
const FAULT_S = 130;
const LENGTH_S = 1300;

const SPECS = `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: 9201}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 5}, {pause: {duration: 30s}}, {setWeight: 20}, {pause: {duration: 1h}}, {setWeight: 100}]}
  analysis:
    warmUp: 10s
    metrics:
    - {name: errors, type: ErrorRate, maxRatio: 2, thresholdRange: {max: 0.05}}
    - {name: p95, type: Latency, quantile: 0.95, thresholdRange: {max: 100ms}}
    - {name: orders, type: Query, query: 'sum(rate(orders_total{version="{{version}}"}[1m]))', thresholdRange: {min: 0.1}}
`;

let folder: string;
let prometheus: PrometheusProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-replay-'));
  writeFileSync(join(folder, 'specs.yaml'), SPECS);
  writePast(folder, PAST_S, 60 + LENGTH_S, {
    v1: () => ({ requests: 90, failures: 0, latencyMs: 20 }),
    v2: (second) => ({ requests: 10, failures: second - 60 >= FAULT_S ? 5 : 0, latencyMs: 20 }),
  });
  prometheus = await startPrometheus({
    executable: findTool('prometheus').path,
    targets: [],
    data: join(folder, 'data'),
    arguments: ['--storage.tsdb.retention.time=100y'],
  });
});
afterAll(async () => {
  await prometheus?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the command as people do. */
function replay(...options: readonly string[]) {
  const args = [
    MAIN,
    'replay',
    '-f',
    join(folder, 'specs.yaml'),
    '--prometheus',
    `http://${prometheus.address}`,
  ];
  return new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      execFile(process.execPath, [...args, ...options], (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
      );
    },
  );
}

const whole = ['--from', String(FROM_S), '--to', String(FROM_S + LENGTH_S)];

describe('a recorded fault', () => {
  let output: { rollouts: readonly RolloutReplay[]; limits: readonly string[] };
  let stderr: string;
  const secondOf = ({ endedAt }: ReplayedRule) =>
    endedAt === undefined ? undefined : endedAt / 1000 - FROM_S;

  beforeAll(async () => {
    const { code, stdout, stderr: told } = await replay(...whole, '-o', 'json');
    expect({ code, told }).toMatchObject({ code: 0 });
    output = JSON.parse(stdout);
    stderr = told;
  });

  it('would have been rolled back with the first scrapes that show it, with its evidence', () => {
    const [rollout] = output.rollouts;
    expect(rollout).toMatchObject({ rollout: 'default/fraud-v2', phase: 'RolledBack' });
    expect(rollout?.recordedShare).toBeCloseTo(0.1, 2);
    const back = rollout?.events.find(({ reason }) => reason === 'GateBreached');
    const after = (back?.at ?? 0) / 1000 - FROM_S;
    expect(after).toBeGreaterThan(FAULT_S);
    expect(after).toBeLessThanOrEqual(FAULT_S + 15);
    expect(back?.evidence).toMatchObject([{ gate: 'errors', verdict: 'breach' }, {}, {}]);
    expect(rollout?.events.map(({ reason, weight }) => [reason, weight])).toEqual(
      expect.arrayContaining([
        ['Step1', 500],
        ['Step2', 2000],
      ]),
    );
  });

  it('is compared with what usual rules would have done on the same data', () => {
    const [own, defaults, tutorial, argo] = output.rollouts[0]?.rules ?? [];
    if (!own || !defaults || !tutorial || !argo) throw new Error('a rule is missing');
    expect([own, defaults, tutorial, argo].map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 4 }, () => 'rolled back'),
    );
    expect([defaults, tutorial].map(secondOf)).toEqual([240, 480]);
    expect(secondOf(argo)).toBeGreaterThan(1200);
    // Five of ten recorded calls failed each second from the fault to the rollback.
    for (const rule of [own, defaults, tutorial, argo]) {
      const failing = (secondOf(rule) ?? 0) - FAULT_S;
      expect(Math.abs(rule.cost.recorded.failures - 5 * failing)).toBeLessThanOrEqual(25);
    }
    expect(own.cost.recorded.failures).toBeLessThanOrEqual(75);
  });

  it('is told with progress on stderr and with what cannot be known', () => {
    expect(stderr).toMatch(/^default\/fraud: \d+ % replayed, \w+$/m);
    expect(output.limits.join('\n')).toContain('The split is the recorded one');
  });

  it('is printed for people', async () => {
    const { stdout } = await replay(...whole);
    expect(stdout).toMatch(/^default\/fraud-v2: v2 beside v1, as if begun at /);
    expect(stdout).toContain('10.0 % of the requests went to v2');
    expect(stdout).toMatch(/^Penstock +rolled back +\+2m1\d/m);
    expect(stdout).toContain('What a replay cannot know:');
  });
});

it('says what was looked for when nothing was recorded, and that it is no success', async () => {
  const { code, stderr } = await replay('--from', String(FROM_S - 86_400), '--to', String(FROM_S - 86_000));
  expect(code).toBe(1);
  expect(stderr).toContain('nothing of default/fraud was recorded from 2026-01-14T12:01:00.000Z');
});

it('does not take a time that ends before it begins', async () => {
  const { code, stderr } = await replay('--from', String(FROM_S), '--to', String(FROM_S));
  expect(code).toBe(2);
  expect(stderr).toContain('--to is not later than --from');
});
