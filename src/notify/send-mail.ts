import type { Verdict } from '../core/notify/answer.ts';
import type { Mail } from '../core/notify/message.ts';

/** Replies of 500 and above are for good (RFC 5321, 4.2.1): another try gets the same. */
const PERMANENT = 500;

/**
 * Sends a letter once.
 * @param timeoutMs of each step of the exchange
 */
export async function sendMail(mail: Mail, timeoutMs: number): Promise<Verdict> {
  const { host, port, secure, user, password } = mail.server;
  // Loaded where a webhook asks for mail, and nowhere else.
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    host,
    port,
    secure,
    // A password never goes over the wire in the clear.
    requireTLS: user !== undefined,
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
  });
  const { from, to, subject, text, messageId } = mail;
  try {
    await transport.sendMail({ from, to: [...to], subject, text, messageId });
    return { kind: 'delivered' };
  } catch (error) {
    const { responseCode, message } = error as Error & { responseCode?: number };
    if (responseCode !== undefined && responseCode >= PERMANENT) return { kind: 'refused', why: message };
    return { kind: 'retry', why: message, afterMs: 0 };
  } finally {
    transport.close();
  }
}
