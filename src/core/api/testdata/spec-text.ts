import { readSpecs } from '../read-specs.ts';

// Specs as text, an object of each kind on few and known lines, for the tests of the rules.
export const object = (kind: string, name: string, spec: string) =>
  `apiVersion: penstock.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: ${name}}\nspec:\n  ${spec}\n---\n`;
export const service = (name: string, more = '', versions = 'v1: 1, v2: 2') => {
  const list = versions.split(', ').map((pair) => {
    const [version, port] = pair.split(': ');
    return `{name: ${version}, endpoints: {static: [{address: 10.0.0.1, port: ${port}}]}}`;
  });
  return object('ModelService', name, `port: 9000\n  versions: [${list.join(', ')}]\n  ${more}`);
};
export const rollout = (name: string, target: string, more = '', strategy = 'linear: {}') =>
  object(
    'ModelRollout',
    name,
    `targetRef: {name: ${target}}\n  stable: v1\n  candidate: v2\n  strategy: {${strategy}}\n  ${more}`,
  );
export const policy = (name: string, target: string, more = '') =>
  object('TrafficPolicy', name, `targetRef: {name: ${target}}\n  ${more}`);
export const template = (name: string, spec: string) => object('MetricTemplate', name, spec);
export const metric = (text: string) => `analysis: {metrics: [${text}]}`;

export function problemsOf(...texts: string[]): string[] {
  return readSpecs([{ file: 'f', text: texts.join('') }]).problems.map(
    (it) =>
      `${it.line}: ${it.path}: ${it.severity === 'warning' ? 'warning: ' : ''}${it.message}; ${it.hint}`,
  );
}

export type Case = readonly [what: string, objects: readonly string[], problems: readonly string[]];
