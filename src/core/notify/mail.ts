import { addressOf, type Mail, type Sending } from './message.ts';
import { linesOf, titleOf } from './text.ts';

const SUBMISSION_PORT = 587;
const SUBMISSIONS_PORT = 465;

/** A letter in plain text. Its id is the same for every try, so that a mailbox can drop a repetition. */
export function mailMessage({ hook, secret, group }: Sending): Mail {
  const { from, to } = hook.mail ?? { from: '', to: [] };
  const url = new URL(addressOf(hook, undefined));
  const secure = url.protocol === 'smtps:';
  const ids = group.notices.map(({ id }) => id).join('.');
  return {
    kind: 'mail',
    server: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (secure ? SUBMISSIONS_PORT : SUBMISSION_PORT) : Number(url.port),
      secure,
      user: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: secret,
    },
    from,
    to,
    messageId: `<penstock.${group.notices[0]?.at}.${ids}@${from.split('@')[1]}>`,
    subject: `[Penstock] ${titleOf(group)}`,
    text: `${linesOf(group).join('\n')}\n`,
  };
}
