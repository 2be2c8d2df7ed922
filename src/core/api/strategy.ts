import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted, percent } from './field.ts';
import { matches } from './match.ts';
import { dnsLabel } from './name.ts';
import { record, requireOneOf } from './record.ts';

const step = requireOneOf(
  record({
    setWeight: percent()
      .exactOptional()
      .describe("The candidate's share of the traffic from here on; also that of slices without a weight."),
    slices: z
      .record(dnsLabel(), percent())
      .exactOptional()
      .describe('With `setWeight`: shares of slices from here on, by their names.'),
    pause: record({
      duration: duration().exactOptional().describe('How long; until someone promotes unless given.'),
    })
      .exactOptional()
      .describe('Waits here, and judges.'),
  }),
  ['setWeight', 'pause'],
  'exactly',
).refine((given) => given.slices === undefined || given.setWeight !== undefined, {
  path: ['slices'],
  error: 'has no setWeight beside it; the weight of everybody else, which may be the same as before',
});

const linear = record({
  start: defaulted(percent().gt(0).describe('The first weight.'), 5, 'enough to see, little to lose'),
  step: defaulted(percent().gt(0).describe('How much each stage adds.'), 10, 'ten stages'),
  every: defaulted(
    duration().describe('How long a stage lasts at least.'),
    '1h',
    'time for slow metrics to show',
  ),
  max: defaulted(
    percent().gt(0).describe('The last weight; below 100 the rollout stays there until someone promotes.'),
    100,
    'a rollout ends with all traffic',
  ),
}).refine(({ start, max }) => start <= max, { path: ['max'], error: 'is less than start; at least start' });

const blueGreen = record({
  previewDuration: defaulted(
    duration().describe(
      'How long the candidate is judged, on mirrored and preview traffic only, before the switch.',
    ),
    '0s',
    'the switch waits for the gates, not for a clock',
  ),
  previewMatch: matches(
    'Requests that reach the candidate before the switch.',
    'nobody sees it before the switch',
  ),
  autoPromote: defaulted(
    z.boolean().describe('Switches by itself when the gates hold; otherwise someone promotes.'),
    true,
    'the loop is closed unless told otherwise',
  ),
});

const mirrorFirst = record({
  percent: defaulted(
    percent().gt(0).describe('The share of requests that is copied.'),
    100,
    'the soonest evidence',
  ),
  duration: duration({ min: '1s' }).describe('How long, before the first real traffic.'),
});

/** How the candidate's weight grows. */
export const strategy = requireOneOf(
  record({
    mirrorFirst: mirrorFirst
      .exactOptional()
      .describe('Begins with copies of requests, whose answers nobody gets; then goes on with the strategy.'),
    steps: z.array(step).min(1).exactOptional().describe('Explicit weights and pauses.'),
    linear: linear.exactOptional().describe('Equal stages.'),
    blueGreen: blueGreen.exactOptional().describe('All traffic in one switch.'),
  }),
  ['steps', 'linear', 'blueGreen'],
  'exactly',
);
