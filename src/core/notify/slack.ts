import { jsonPost, type Post, type Sending } from './message.ts';
import { linesOf, titleOf } from './text.ts';

const MOST_HEADER = 150;
const MOST_SECTION = 3_000;

/**
 * A message of Slack's incoming webhooks: the title as header and notification, the events as one section.
 *
 * Source: Slack, "Sending messages using incoming webhooks" and "Block Kit: header, section".
 */
export function slackMessage(sending: Sending): Post {
  const title = titleOf(sending.group);
  const lines = linesOf(sending.group).map((line) => `• ${escaped(line)}`);
  return jsonPost(sending, {
    text: escaped(title),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, MOST_HEADER) } },
      { type: 'section', text: { type: 'mrkdwn', text: cut(lines.join('\n'), MOST_SECTION) } },
    ],
  });
}

/** The three characters that begin something in Slack's text. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
