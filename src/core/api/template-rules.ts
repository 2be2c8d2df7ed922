import type { MetricTemplate } from './metric-template.ts';
import { repeatedNames } from './object-set.ts';
import { error, type Finding } from './problem.ts';
import { unknownPlaceholders } from './query-rules.ts';
import { builtInVariables, placeholdersOf } from './query-template.ts';
import { quote } from './quote.ts';

/** What the shape of a MetricTemplate cannot say. */
export function templateFindings({ spec }: MetricTemplate): readonly Finding[] {
  const declared = spec.args.map(({ name }) => name);
  const used = placeholdersOf(spec.query);
  const builtIn: readonly string[] = builtInVariables;
  return [
    ...unknownPlaceholders(spec.query, declared, ['spec', 'query']),
    ...repeatedNames(['spec', 'args'], spec.args),
    ...declared.flatMap((name, index) => {
      const at = ['spec', 'args', index, 'name'];
      if (builtIn.includes(name)) return [error(at, `${quote(name)} is built in; another name`)];
      return used.includes(name)
        ? []
        : [error(at, `${quote(name)} is not used; {{${name}}} in the query, or no such argument`)];
    }),
  ];
}
