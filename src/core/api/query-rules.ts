import type { RolloutMetric } from './model-rollout.ts';
import { missingObject, type ObjectSet, oneOfKnown } from './object-set.ts';
import { error, type FieldPath, type Finding } from './problem.ts';
import { builtInVariables, placeholdersOf } from './query-template.ts';
import { quote } from './quote.ts';

type QueryMetric = Extract<RolloutMetric, { type: 'Query' }>;

/** What the shape of a `Query` metric cannot say: its placeholders, its template and the arguments. */
export function queryFindings(
  metric: QueryMetric,
  path: FieldPath,
  namespace: string,
  set: ObjectSet,
): readonly Finding[] {
  const { query, template } = metric;
  if (query !== undefined) {
    return [
      ...unknownPlaceholders(query, [], [...path, 'query']),
      ...comparable(metric, query, [...path, 'query']),
    ];
  }
  if (template === undefined) return [];
  const at = [...path, 'template'];
  const found = set.find('MetricTemplate', namespace, template.name);
  if (found === undefined) {
    if (!set.isMissing('MetricTemplate', namespace, template.name)) return [];
    return [error([...at, 'name'], missingObject(set, 'MetricTemplate', namespace, template.name))];
  }
  const { args } = found.spec;
  const known = args.map(({ name }) => name);
  const unknown = Object.keys(template.args)
    .filter((name) => !known.includes(name))
    .map((name) =>
      error(
        [...at, 'args', name],
        `the template has no argument ${quote(name)}; ${oneOfKnown(name, known, 'argument')}`,
      ),
    );
  const missing = args
    .filter((argument) => argument.default === undefined && template.args[argument.name] === undefined)
    .map(({ name }) =>
      error([...at, 'args'], `the argument ${quote(name)} is missing; a value for it, the template has none`),
    );
  return [...unknown, ...missing, ...comparable(metric, found.spec.query, [...at, 'name'])];
}

/** Only a query that speaks of the version has one value for the candidate and another for stable. */
function comparable(metric: QueryMetric, query: string, path: FieldPath): readonly Finding[] {
  if (metric.maxDifference === undefined && metric.maxRatio === undefined) return [];
  const names = placeholdersOf(query);
  if (names.includes('version') || names.includes('modelVersion')) return [];
  const bound = metric.maxDifference === undefined ? 'maxRatio' : 'maxDifference';
  return [
    error(
      path,
      `is the same for both versions, so ${bound} has nothing to compare; {{version}} in the query`,
    ),
  ];
}

/** An error for each placeholder that nothing fills. */
export function unknownPlaceholders(
  query: string,
  declared: readonly string[],
  path: FieldPath,
): readonly Finding[] {
  const known = [...builtInVariables, ...declared];
  return placeholdersOf(query)
    .filter((name) => !known.includes(name))
    .map((name) => error(path, `unknown placeholder {{${name}}}; ${oneOfKnown(name, known, 'placeholder')}`));
}
