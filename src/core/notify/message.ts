import type { EventHook } from '../api/webhook.ts';
import type { Group } from './text.ts';

/** A request, ready to be posted. */
export interface Post {
  readonly kind: 'post';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A letter, ready to be sent. */
export interface Mail {
  readonly kind: 'mail';
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** TLS from the first byte; else STARTTLS where the server has it, and always before a password. */
    readonly secure: boolean;
    readonly user: string | undefined;
    readonly password: string | undefined;
  };
  readonly from: string;
  readonly to: readonly string[];
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
}

export type Message = Post | Mail;

/** Everything that a message is made of. */
export interface Sending {
  readonly hook: EventHook;
  /** What the hook's `secret` refers to. */
  readonly secret: string | undefined;
  readonly group: Group;
  /** Of this try, ms since the epoch. */
  readonly nowMs: number;
}

/** A JSON body posted to the hook's address. */
export function jsonPost({ hook, secret }: Sending, body: unknown): Post {
  return {
    kind: 'post',
    url: addressOf(hook, secret),
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(body),
  };
}

/** The hook's address with the secret in its place. */
export function addressOf({ url }: Pick<EventHook, 'url'>, secret: string | undefined): string {
  return secret === undefined
    ? url
    : url.replaceAll(/\{\{\s*secret\s*\}\}/g, () => encodeURIComponent(secret).replaceAll('%2F', '/'));
}
