import * as z from 'zod';
import { defaulted } from './field.ts';
import { kindOf } from './metadata.ts';
import { queryText } from './query-template.ts';
import { quote } from './quote.ts';
import { type Frozen, record } from './record.ts';

/** How an argument is called: a word that can stand between double braces. */
export function argumentName() {
  return z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    error: (issue) =>
      `${quote(issue.input)} is not an argument's name; letters, digits and "_", beginning with a letter`,
  });
}

const argument = record({
  name: argumentName().describe('The name, used as `{{name}}` in the query.'),
  default: z
    .string()
    .exactOptional()
    .describe('The value where a rollout gives none; without it a rollout must give one.'),
  description: z.string().exactOptional().describe('What it is for.'),
});

const spec = record({
  query: queryText(),
  args: defaulted(
    z.array(argument).describe('The arguments beside the built-in placeholders.'),
    [],
    'most queries need none',
  ),
});

/** Reusable PromQL with arguments, for the `Query` metrics of rollouts. */
export const metricTemplateSchema = kindOf('MetricTemplate', spec).describe(
  'Reusable PromQL with arguments, for the `Query` metrics of rollouts.',
);

export type MetricTemplate = Frozen<z.output<typeof metricTemplateSchema>>;
