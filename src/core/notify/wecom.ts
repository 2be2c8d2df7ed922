import { jsonPost, type Post, type Sending } from './message.ts';
import { linesOf, titleOf, withinBytes } from './text.ts';

/** Of a markdown message, in UTF-8. */
const MOST_BYTES = 4_096;

/**
 * A message of WeCom's group robots.
 *
 * Source: WeCom, "Group robot configuration", markdown type.
 */
export function wecomMessage(sending: Sending): Post {
  const text = [`**${titleOf(sending.group)}**`, ...linesOf(sending.group).map((line) => `> ${line}`)];
  return jsonPost(sending, {
    msgtype: 'markdown',
    markdown: { content: withinBytes(text.join('\n'), MOST_BYTES) },
  });
}
