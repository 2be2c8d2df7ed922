import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted } from './field.ts';
import { dnsLabel } from './name.ts';
import { quote } from './quote.ts';
import { exactlyOneOf, record } from './record.ts';

const url = () =>
  z.string().regex(/^https?:\/\/[^\s/?#]+[^\s]*$/, {
    error: (issue) => `${quote(issue.input)} is not an address; http:// or https:// and a host`,
  });

const secret = exactlyOneOf({
  env: z.string().min(1).describe('The environment variable that holds it.'),
  file: z.string().min(1).describe('The file that holds it; trailing white space is not part of it.'),
  kubernetes: record({
    name: dnsLabel().describe('The name of a Secret in the same namespace.'),
    key: z.string().min(1).describe('The key within it.'),
  }).describe('A Secret of the cluster.'),
});

const common = {
  url: url().describe('Where the request is posted.'),
  timeout: defaulted(
    duration({ min: '10ms', max: '5m' }).describe('Of one try.'),
    '10s',
    'a person is not asked here; a machine answers fast',
  ),
  retries: defaulted(
    z.int().min(0).max(20).describe('Tries after the first, with exponential pauses.'),
    3,
    'rides out a restart of the receiver',
  ),
  secret: secret
    .exactOptional()
    .describe(
      'The key of the signature: `x-penstock-signature` is the hex HMAC-SHA256 of the body. Unsigned unless given.',
    ),
};

const format = defaulted(
  z.enum(['generic', 'slack', 'dingtalk', 'wecom']).describe('How the body is written.'),
  'generic',
  'JSON with every field of the event',
);

/** A receiver of events. */
export const eventHook = record({ ...common, format });

const hookTypes = ['confirm-rollout', 'confirm-step', 'confirm-promotion', 'on-event'] as const;

/** A receiver that is asked before a rollout goes on, or told of what happened. */
export const rolloutHook = record({
  type: z
    .enum(hookTypes)
    .describe(
      'When it is called: before the first traffic, before each step, before the promotion (200 lets it go on), or on every event.',
    ),
  ...common,
  format,
});
