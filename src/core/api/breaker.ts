import * as z from 'zod';
import { breakerFigures, breakerPresets, usualFigures } from './breaker-presets.ts';
import { duration, parseDuration } from './duration.ts';
import { fallback, fixedResponse } from './fallback.ts';
import { defaulted, percent } from './field.ts';
import { matches } from './match.ts';
import { record } from './record.ts';

const otherwise = (figure: string | number) => `${figure} unless given here or by the preset.`;

const slowCall = record({
  duration: duration({ min: '1ms' })
    .exactOptional()
    .describe(`A call longer than this is slow. ${otherwise(usualFigures.slowCall.duration)}`),
  thresholdPercent: percent({ min: 1 })
    .exactOptional()
    .describe(`The share of slow calls that opens. ${otherwise(usualFigures.slowCall.thresholdPercent)}`),
});

const halfOpen = record({
  percent: defaulted(percent({ min: 1 }).describe('The share of requests that probes.'), 5, 'little to lose'),
  minRequests: defaulted(
    z.int().min(1).describe('Probes before it is judged.'),
    20,
    'one lucky probe must not close it',
  ),
});

const recovery = record({
  steps: defaulted(
    z
      .array(percent({ min: 1 }))
      .min(1)
      .describe('The shares after the probes, rising to 100.'),
    [10, 25, 50, 100],
    'a cold cache is not flooded',
  ),
  minRequests: defaulted(
    z.int().min(1).describe('Requests before each step is judged.'),
    20,
    'as for the probes',
  ),
  maxSleepWindow: defaulted(
    duration({ min: '1s' }).describe('The sleep window doubles with each relapse, up to this.'),
    '5m',
    'a long outage is probed rarely, not never',
  ),
  jitterPercent: defaulted(
    percent().describe('The sleep window varies by this much.'),
    20,
    'many breakers must not probe in step',
  ),
}).superRefine(({ steps }, context) => {
  for (const [index, share] of steps.entries()) {
    const before = steps[index - 1];
    if (before === undefined || share > before) continue;
    const message = `${share} does not rise; more than the ${before} before it`;
    context.addIssue({ code: 'custom', path: ['steps', index], message });
  }
  const last = steps.at(-1);
  if (last === 100) return;
  context.addIssue({ code: 'custom', path: ['steps'], message: `ends at ${last}; 100 as the last step` });
});

const given = record({
  preset: z
    .enum(breakerPresets)
    .exactOptional()
    .describe('Figures for a class of models; every field that is given rules over it.'),
  requestVolumeThreshold: z
    .int()
    .min(1)
    .max(1_000_000)
    .exactOptional()
    .describe(
      `Fewer requests in the window decide nothing. ${otherwise(usualFigures.requestVolumeThreshold)}`,
    ),
  errorThresholdPercent: percent({ min: 1 })
    .exactOptional()
    .describe(`The share of failures that opens. ${otherwise(usualFigures.errorThresholdPercent)}`),
  window: duration({ min: '1s', max: '1h' })
    .exactOptional()
    .describe(`How far back is looked. ${otherwise(usualFigures.window)}`),
  sleepWindow: duration({ min: '100ms', max: '1h' })
    .exactOptional()
    .describe(`How long it stays open before the first probe. ${otherwise(usualFigures.sleepWindow)}`),
  slowCall: slowCall
    .exactOptional()
    .describe('Slow calls, a signal of their own so that a few big legitimate requests are not misjudged.'),
  estimator: defaulted(
    z
      .enum(['SlidingWindow', 'Ewma'])
      .describe('How the window weighs the past: all alike, or the newest most.'),
    'SlidingWindow',
    'what people expect of a window',
  ),
  fastTrip: defaulted(
    z
      .boolean()
      .describe('Opens sooner on an overwhelming run of failures: a cumulative sum, beside the ratio.'),
    true,
    'a full outage shows after a handful of failures',
  ),
  bypass: matches(
    'Requests that pass even while it is open, and are not counted.',
    'every request is protected',
  ),
  halfOpen: defaulted(halfOpen.describe('Probing.'), {}, 'see its fields'),
  recovery: defaulted(recovery.describe('The way back after the probes.'), {}, 'see its fields'),
  fallback: fallback
    .exactOptional()
    .describe('What callers get while it is open; the fixed answer with its defaults unless given.'),
  shadow: defaulted(
    z.boolean().describe('Decides and records, and lets everything pass.'),
    false,
    'a breaker that is written is meant',
  ),
});

/** Opens when a version fails or crawls, judged over the whole fleet of sidecars. */
export const breaker = given.transform((own) => {
  const figures = breakerFigures(own.preset);
  const inMs = (span: string) => parseDuration(span) ?? Number.NaN;
  return {
    ...own,
    requestVolumeThreshold: own.requestVolumeThreshold ?? figures.requestVolumeThreshold,
    errorThresholdPercent: own.errorThresholdPercent ?? figures.errorThresholdPercent,
    window: own.window ?? inMs(figures.window),
    sleepWindow: own.sleepWindow ?? inMs(figures.sleepWindow),
    slowCall: {
      duration: own.slowCall?.duration ?? inMs(figures.slowCall.duration),
      thresholdPercent: own.slowCall?.thresholdPercent ?? figures.slowCall.thresholdPercent,
    },
    fallback: own.fallback ?? { response: fixedResponse.parse({}) },
  };
});
