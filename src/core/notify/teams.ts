import { jsonPost, type Post, type Sending } from './message.ts';
import type { Severity } from './notice.ts';
import { linesOf, titleOf, withinBytes, worstOf } from './text.ts';

const COLOURS: Readonly<Record<Severity, string>> = {
  info: 'Default',
  warning: 'Warning',
  critical: 'Attention',
};
/** A card has at most 28 KB. */
const MOST_BYTES_A_LINE = 1_000;

/**
 * An Adaptive Card for a webhook of Teams' workflows ("when a Teams webhook request is received").
 *
 * Source: Microsoft, "Create incoming webhooks with Workflows for Microsoft Teams"; Adaptive Cards 1.4.
 */
export function teamsMessage(sending: Sending): Post {
  const { group } = sending;
  const color = COLOURS[worstOf(group.notices)];
  const block = (text: string, more: object = {}) => ({ type: 'TextBlock', text, wrap: true, ...more });
  const body = [
    block(titleOf(group), { weight: 'Bolder', size: 'Medium', color }),
    ...linesOf(group).map((line) => block(withinBytes(line, MOST_BYTES_A_LINE), { spacing: 'Small' })),
  ];
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body,
  };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return jsonPost(sending, {
    type: 'message',
    attachments: [{ contentType, contentUrl: null, content: card }],
  });
}
