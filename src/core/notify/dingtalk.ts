import { createHmac } from 'node:crypto';
import { jsonPost, type Post, type Sending } from './message.ts';
import { linesOf, titleOf, withinBytes } from './text.ts';

const MOST_BYTES = 18_000;

/**
 * A message of DingTalk's custom robots, signed where there is a secret: `sign` is the Base64 HMAC-SHA256 of
 * `TIMESTAMP\nSECRET` under the secret, and good for an hour, so every try is signed anew.
 *
 * Source: DingTalk, "Custom robot access" and "Robot security settings".
 */
export function dingtalkMessage(sending: Sending): Post {
  const { group, secret, nowMs } = sending;
  const title = titleOf(group);
  const text = [`#### ${title}`, ...linesOf(group).map((line) => `- ${line}`)].join('\n');
  const post = jsonPost(sending, {
    msgtype: 'markdown',
    markdown: { title, text: withinBytes(text, MOST_BYTES) },
  });
  return secret === undefined ? post : { ...post, url: signed(post.url, secret, nowMs) };
}

function signed(url: string, secret: string, timestamp: number): string {
  const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
  const parting = url.includes('?') ? '&' : '?';
  return `${url}${parting}timestamp=${timestamp}&sign=${encodeURIComponent(sign)}`;
}
