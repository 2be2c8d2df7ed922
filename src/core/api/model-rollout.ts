import * as z from 'zod';
import { analysisMetric, noDataRule } from './analysis-metric.ts';
import { duration } from './duration.ts';
import { defaulted, fraction, percent } from './field.ts';
import { matches, requestMatch } from './match.ts';
import { kindOf, targetRef } from './metadata.ts';
import { dnsLabel } from './name.ts';
import { type Frozen, record } from './record.ts';
import { strategy } from './strategy.ts';
import { rolloutHook } from './webhook.ts';

const confidence = record({
  falseRollback: defaulted(
    fraction().describe(
      'The chance that a candidate as good as stable is ever rolled back, over all gates and however often one looks.',
    ),
    0.001,
    'one needless rollback in a thousand rollouts',
  ),
  falseAdvance: defaulted(
    fraction().describe(
      'The chance that a step is taken with a candidate that breaks its bound. The traffic a step needs follows from it.',
    ),
    0.05,
    'a later step sees what an earlier one missed',
  ),
});

const analysis = record({
  interval: defaulted(
    duration({ min: '100ms', max: '1h' }).describe(
      'How often the gates are looked at. Looking often costs no confidence.',
    ),
    '1s',
    'as fast as load reports come',
  ),
  warmUp: defaulted(
    duration().describe(
      "How long the candidate's first requests are not counted, unless most of them fail (ErrorRate gates).",
    ),
    '30s',
    'caches and compilers settle',
  ),
  confidence: defaulted(confidence.describe('The risks that are accepted.'), {}, 'see its fields'),
  onNoData: defaulted(
    noDataRule.describe('What missing or stale data does. Missing data is no evidence.'),
    'Hold',
    'never fail and never advance blind',
  ),
  metrics: defaulted(
    z.array(analysisMetric).describe('The gates; all must hold.'),
    [],
    'without gates only time and people decide',
  ),
  webhooks: defaulted(
    z.array(rolloutHook).describe('Receivers that are asked or told.'),
    [],
    'nobody is asked',
  ),
}).transform((given) => ({
  ...given,
  metrics: given.metrics.map((metric) => ({ ...metric, onNoData: metric.onNoData ?? given.onNoData })),
}));

const rollback = record({
  to: defaulted(
    dnsLabel().describe('Where traffic goes on a rollback: `stable`, or the name of a version.'),
    'stable',
    'the version that served before',
  ),
});

const convergence = record({
  quorumPercent: defaulted(
    percent()
      .gt(0)
      .describe(
        'The share of connected sidecars that must have acknowledged a weight before its step counts.',
      ),
    100,
    'nothing is believed that is not acknowledged',
  ),
  deadline: defaulted(
    duration({ min: '1s' }).describe('After this the laggards are listed and the rollout freezes.'),
    '30s',
    'a healthy sidecar acknowledges within milliseconds',
  ),
});

const scaling = record({
  maxSurge: z
    .int()
    .min(1)
    .max(10_000)
    .exactOptional()
    .describe(
      'Replicas that both versions may have beyond those that all traffic needs; as many as it takes unless given.',
    ),
  scaleDownDelay: defaulted(
    duration().describe(
      'How long a candidate that was rolled back keeps its replicas; with maxSurge it makes room at once.',
    ),
    '30s',
    'calls in flight end, and somebody may want to retry',
  ),
});

const slice = record({
  name: dnsLabel().describe('The name, unique within the rollout, by which steps speak of it.'),
  match: z.array(requestMatch).min(1).describe('What belongs to it; one of the entries must hold.'),
  weight: percent()
    .exactOptional()
    .describe(
      "The candidate's share of this slice from the first step to the promotion; that of everybody else unless given.",
    ),
});

const spec = record({
  targetRef: targetRef.describe('The service whose traffic moves. One rollout a service.'),
  stable: dnsLabel()
    .describe('The version that serves now.')
    .meta({ examples: ['v1'] }),
  candidate: dnsLabel()
    .describe('The version that is to take over.')
    .meta({ examples: ['v2'] }),
  match: matches(
    'Only this slice of the requests takes part; the rest stays on stable.',
    'everybody takes part',
  ),
  slices: defaulted(
    z
      .array(slice)
      .describe(
        'Parts of the traffic (a region, a device, a tenant) with weights of their own; the first that matches counts.',
      ),
    [],
    'everybody has the same weight',
  ),
  strategy: strategy.describe("How the candidate's weight grows."),
  analysis: defaulted(analysis.describe('What decides.'), {}, 'see its fields'),
  rollback: defaulted(rollback.describe('What a rollback does.'), {}, 'see its fields'),
  retention: defaulted(
    duration().describe(
      'How long the old version stays warm after the promotion, ready to take the traffic back.',
    ),
    '24h',
    'a day shows what an hour hides',
  ),
  scaling: defaulted(
    scaling.describe(
      'How the workloads of both versions are scaled, where versions name them (`scaleTargetRef`).',
    ),
    {},
    'see its fields',
  ),
  progressDeadline: defaulted(
    duration({ min: '1s' }).describe(
      'Without progress for this long the rollout is rolled back. A pause without an end does not count.',
    ),
    '24h',
    'longer than the longest usual pause',
  ),
  convergence: defaulted(convergence.describe('When a weight counts as in force.'), {}, 'see its fields'),
  paused: defaulted(
    z
      .boolean()
      .describe('Stops all progress. The gates go on watching, and a breach still takes the candidate out.'),
    false,
    'a rollout that is written is meant',
  ),
});

/** Moves traffic from one version of a service to another, by evidence. */
export const modelRolloutSchema = kindOf('ModelRollout', spec).describe(
  'Moves traffic from one version of a service to another, by evidence.',
);

export type ModelRolloutInput = z.input<typeof modelRolloutSchema>;
export type ModelRollout = Frozen<z.output<typeof modelRolloutSchema>>;
export type RolloutStrategy = ModelRollout['spec']['strategy'];
export type RolloutAnalysis = ModelRollout['spec']['analysis'];
export type RolloutMetric = RolloutAnalysis['metrics'][number];
