import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted, fraction, percent } from './field.ts';
import { argumentName } from './metric-template.ts';
import { dnsLabel } from './name.ts';
import { queryText } from './query-template.ts';
import { record, requireOneOf } from './record.ts';

/** What missing or stale data does. */
export const noDataRule = z.enum(['Hold', 'Rollback', 'Ignore']);

const pullBack = record({
  setWeight: percent().describe("The weight to go back to, if the candidate's is higher."),
});

const onBreach = z
  .union([z.enum(['Rollback', 'Freeze']), pullBack])
  .describe('What a breach does: back to stable, stay where it is, or pull back to a weight.');

const common = {
  name: dnsLabel().describe(
    'The name, unique within the rollout; it stands in evidence, events and metrics.',
  ),
  dryRun: defaulted(
    z.boolean().describe('Judged and recorded, without consequences.'),
    false,
    'a gate that is written is meant',
  ),
  onBreach: defaulted(onBreach, 'Rollback', 'the safe side'),
  onNoData: noDataRule
    .exactOptional()
    .describe("What missing or stale data does; the analysis's rule unless given."),
};

const maxRatio = () => z.number().min(1).max(1000);

const errorRate = record({
  ...common,
  type: z.literal('ErrorRate').describe('Failed requests, by the status in the trailers for gRPC.'),
  maxRatio: maxRatio()
    .exactOptional()
    .describe(
      'The candidate may fail at most this many times as often as stable (sequential test). 2 where neither bound is given.',
    ),
  thresholdRange: record({
    max: fraction().describe('The candidate may fail at most this share of its requests (sequential test).'),
  })
    .exactOptional()
    .describe(
      'The absolute bound. `{max: 0.01}` where neither bound is given. With both, only a candidate that breaks both is rolled back.',
    ),
}).transform((given) =>
  given.maxRatio === undefined && given.thresholdRange === undefined
    ? { ...given, maxRatio: 2, thresholdRange: { max: 0.01 } }
    : given,
);

const latency = requireOneOf(
  record({
    ...common,
    type: z.literal('Latency').describe('How long answers take.'),
    quantile: fraction().exactOptional().describe('The quantile that `thresholdRange` bounds, such as 0.95.'),
    thresholdRange: record({ max: duration({ min: '1ms' }).describe('The quantile may be at most this.') })
      .exactOptional()
      .describe('The absolute bound.'),
    maxRatio: maxRatio()
      .exactOptional()
      .describe(
        "The candidate's latencies may be at most stable's, each stretched by this factor (sequential test over all histogram buckets).",
      ),
  }),
  ['thresholdRange', 'maxRatio'],
  'atLeast',
).refine((metric) => metric.thresholdRange === undefined || metric.quantile !== undefined, {
  path: ['quantile'],
  error: 'is missing; the quantile that thresholdRange bounds, such as 0.95',
});

const scoreShift = record({
  ...common,
  type: z
    .literal('ScoreShift')
    .describe("The distribution of the model's own scores, candidate against stable."),
  maxShift: defaulted(
    fraction().describe('The largest difference between the two cumulative distributions.'),
    0.05,
    'the bank of the canary case allows five percent',
  ),
});

const templateRef = record({
  name: dnsLabel().describe('A MetricTemplate in the same namespace.'),
  args: defaulted(
    z.record(argumentName(), z.string()).describe('Its arguments.'),
    {},
    "the template's own values",
  ),
});

const query = requireOneOf(
  requireOneOf(
    record({
      ...common,
      type: z.literal('Query').describe('Any PromQL: business metrics, rejections, resources.'),
      query: queryText().exactOptional(),
      template: templateRef.exactOptional().describe('A MetricTemplate in the place of `query`.'),
      thresholdRange: requireOneOf(
        record({
          min: z.number().exactOptional().describe('At least this.'),
          max: z.number().exactOptional().describe('At most this.'),
        }),
        ['min', 'max'],
        'atLeast',
      )
        .refine(({ min, max }) => min === undefined || max === undefined || min < max, {
          path: ['min'],
          error: 'is not less than max; a range that a value can lie in',
        })
        .exactOptional()
        .describe("The range in which the candidate's value must lie."),
      maxDifference: z
        .number()
        .gt(0)
        .exactOptional()
        .describe(
          "The largest difference between the candidate's value and stable's; the query is asked for both.",
        ),
      maxRatio: maxRatio()
        .exactOptional()
        .describe("The candidate's value may be at most this many times stable's."),
      interval: duration({ min: '1s' })
        .exactOptional()
        .describe("How often it is asked; the analysis's interval unless given."),
      consecutiveFailures: defaulted(
        z
          .int()
          .min(1)
          .max(1000)
          .describe('Breaches in a row that count as one: a query is a reading, not a test.'),
        3,
        'one odd scrape is no breach',
      ),
    }),
    ['query', 'template'],
    'exactly',
  ),
  ['thresholdRange', 'maxDifference', 'maxRatio'],
  'atLeast',
);

/** One gate of a rollout. */
export const analysisMetric = z.discriminatedUnion('type', [errorRate, latency, scoreShift, query]);
