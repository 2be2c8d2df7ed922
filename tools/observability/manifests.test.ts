import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { findTool } from '../../src/app/toolchain.ts';
import { ALERT_NAMES } from './alert-rules.ts';
import { DASHBOARDS } from './dashboards.ts';
import { observabilityFiles } from './manifests.ts';
import { knownNames, unknownNames } from './metric-names.ts';

const root = dirname(dirname(import.meta.dirname));
const promtool = (...args: readonly string[]) =>
  execFileSync(findTool('promtool').path, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const read = (path: string) => readFileSync(join(root, path), 'utf8');

const TESTS = ['manifests/prometheus/alerts.test.yaml', 'manifests/prometheus/drift.test.yaml'];

describe('alert rules', () => {
  it('do what their tests say, by promtool', () => {
    const files = TESTS.map((file) => join(root, file));
    expect(promtool('test', 'rules', ...files).match(/SUCCESS/g)).toHaveLength(files.length);
  }, 120_000);

  it('are valid, by promtool', () => {
    expect(promtool('check', 'rules', join(root, 'manifests/prometheus/alerts.yaml'))).toContain('SUCCESS');
  });

  it.each(ALERT_NAMES)(
    '%s is tested where it fires and where all is well, and told of in the documentation',
    (name) => {
      const tests = TESTS.map(read).join('');
      expect(tests).toContain(`{alertname: ${name}, eval_time: 90m}`);
      expect(tests).toContain(`alertname: ${name}\n    exp_alerts:`);
      expect(read('docs/operations/alerts.md')).toContain(`### ${name}\n`);
    },
  );
});

describe('manifests', () => {
  it('are what the generator makes of the code', () => {
    for (const [path, text] of observabilityFiles(root)) expect(read(`manifests/${path}`)).toBe(text);
  });

  it('have queries that Prometheus can parse', () => {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-dashboards-'));
    const rules = [...DASHBOARDS.values()]
      .flatMap(({ panels }) => panels.flatMap(({ queries }) => queries))
      .map(({ expr }, index) => ({
        record: `query:${index}`,
        expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, '.+'),
      }));
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, stringify({ groups: [{ name: 'dashboards', rules }] }));
    expect(promtool('check', 'rules', file)).toContain(`${rules.length} rules found`);
    rmSync(folder, { recursive: true });
  });

  it('speak of metrics that exist', () => {
    const known = knownNames(root);
    expect(unknownNames('rate(envoy_cluster_upstream_rq_total{envoy_cluster_name="a"}[1m])', known)).toEqual(
      [],
    );
    expect(unknownNames('penstock_specs_vlaid == 0 and model_state', known)).toEqual([
      'penstock_specs_vlaid',
    ]);
    expect(unknownNames('envoy_cluster_grpc_14 + envoy_cluster_upstream_rq_tme_bucket', known)).toEqual([
      'envoy_cluster_upstream_rq_tme_bucket',
    ]);
  });
});
