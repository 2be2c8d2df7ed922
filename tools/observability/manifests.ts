import { alertRulesText, RULE_EXPRESSIONS } from './alert-rules.ts';
import { DASHBOARDS } from './dashboards.ts';
import { knownNames, unknownNames } from './metric-names.ts';
import { dashboardText } from './panel.ts';

/**
 * Alert rules and dashboards.
 * @param root of the checkout
 * @returns the text of each file by its path under `manifests/`
 * @throws Error that names the metrics in them that no code exports
 */
export function observabilityFiles(root: string): ReadonlyMap<string, string> {
  const expressions = [
    ...RULE_EXPRESSIONS,
    ...[...DASHBOARDS.values()].flatMap(({ panels, variable }) => [
      ...panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
      variable?.query ?? '',
    ]),
  ];
  const known = knownNames(root);
  const unknown = [...new Set(expressions.flatMap((expr) => unknownNames(expr, known)))];
  if (unknown.length > 0) throw new Error(`no code exports ${unknown.join(', ')}: were they renamed?`);
  const dashboards = [...DASHBOARDS].map(([file, each]) => [`grafana/${file}`, dashboardText(each)] as const);
  return new Map([['prometheus/alerts.yaml', alertRulesText()], ...dashboards]);
}
