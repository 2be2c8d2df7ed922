import * as z from 'zod';
import { defaulted, percent } from './field.ts';
import { record } from './record.ts';

const overflow = record({
  maxInFlight: z
    .number()
    .gt(0)
    .exactOptional()
    .describe(
      'Where the model server does not tell its queue: requests under way at which an instance counts as full.',
    ),
});

/** Shifts traffic away from endpoints that fail, crawl or are full, by endpoint weights. */
export const balancing = record({
  gain: defaulted(
    z.number().gt(0).max(1).describe('How much of the way to the target a step goes.'),
    0.2,
    'stable with signals up to three looks old',
  ),
  maxStepPercent: defaulted(
    percent({ min: 1 }).describe('The most that a weight changes in one step.'),
    25,
    'nothing jumps',
  ),
  floorPercent: defaulted(
    percent({ min: 1 }).describe('The least share of an endpoint, of its fair share.'),
    5,
    'an endpoint that gets nothing cannot show that it is well again',
  ),
  deadbandPercent: defaulted(percent().describe('Smaller changes are not made.'), 5, 'noise is no signal'),
  maxQueue: defaulted(
    z.number().gt(0).describe('The queue, in requests, at which an instance counts as full.'),
    5,
    'a few batches',
  ),
  maxMemoryPercent: defaulted(
    percent({ min: 1 }).describe('The GPU memory at which an instance counts as full.'),
    80,
    'before the allocator fails',
  ),
  overflow: overflow
    .exactOptional()
    .describe(
      'Lets the next tier take what the first one has no room for, by `maxQueue` (private first, public for the rest); without it a tier overflows by lost endpoints only.',
    ),
  shadow: defaulted(
    z.boolean().describe('Computes and records, and changes no weight.'),
    false,
    'what is written is meant',
  ),
});
