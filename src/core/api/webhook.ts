import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted } from './field.ts';
import { dnsLabel } from './name.ts';
import { quote } from './quote.ts';
import { exactlyOneOf, type Frozen, record } from './record.ts';

/** What a webhook's template may speak of: the fields of an event. */
export const eventFields = [
  'id',
  'time',
  'severity',
  'subject',
  'service',
  'reason',
  'message',
  'actor',
] as const;

const url = () =>
  z.string().regex(/^(https?|smtps?):\/\/[^\s/?#]+[^\s]*$/, {
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

const address = () =>
  z.string().regex(/^[^\s@<>",;]+@[^\s@<>",;]+$/, {
    error: (issue) => `${quote(issue.input)} is not an e-mail address; NAME@HOST`,
  });

const mail = record({
  from: address().describe('The sender.'),
  to: z.array(address()).min(1).describe('Who receives it.'),
});

const common = {
  url: url().describe(
    'Where the request is posted; `{{secret}}` in it stands for the secret. For `email` the server: `smtp://[USER@]HOST[:PORT]` (with STARTTLS), or `smtps://`.',
  ),
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
      'For `generic` the key of the signature: `x-penstock-signature` is the hex HMAC-SHA256 of the body; unsigned unless given. For `dingtalk` the key that the robot signs with, for `pagerduty` the integration key, for `email` the password.',
    ),
  template: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      `For \`generic\`: the body instead of the usual JSON, one request for each event, with placeholders: ${eventFields.map((name) => `\`{{${name}}}\``).join(', ')}. In a template that is JSON, values are escaped for strings.`,
    ),
  mail: mail.exactOptional().describe('For `email`: the sender and the receivers.'),
  minimumSeverity: z
    .enum(['info', 'warning', 'critical'])
    .exactOptional()
    .describe(
      'The least severe event that is told, and what ends such an event. `info` unless given, for `pagerduty` `warning`.',
    ),
};

/** How a message can be written. */
export const hookFormats = ['generic', 'slack', 'teams', 'dingtalk', 'wecom', 'pagerduty', 'email'] as const;

const format = defaulted(
  z.enum(hookFormats).describe('How the body is written.'),
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

/** A receiver of events as a spec has it, defaults filled in. */
export type EventHook = Frozen<z.output<typeof eventHook>>;
