import { constants, type ServerHttp2Session } from 'node:http2';

/** How long calls are still taken after their callers have been told to make no more: theirs may be on the way. */
const LAST_CALLS_MS = 250;
const LAST_STREAM_ID = 2 ** 31 - 1;

/** The connections of a server. */
export class Connections {
  readonly #sessions = new Set<ServerHttp2Session>();
  #pings: NodeJS.Timeout | undefined;

  /** Takes up a connection until it closes. */
  add(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    // A broken connection ends its calls, and each says so by itself.
    session.on('error', () => undefined);
    session.on('close', () => this.#sessions.delete(session));
  }

  /** Asks quiet connections for a sign of life this often; one that gives none until the next round is ended. */
  keepAlive(everyMs: number): void {
    this.#pings = setInterval(() => {
      for (const session of this.#sessions) {
        if (session.closed || session.destroyed) continue;
        const dead = setTimeout(() => session.destroy(), everyMs);
        const heard = () => {
          clearTimeout(dead);
          session.off('close', heard);
        };
        session.once('close', heard);
        session.ping(heard);
      }
    }, everyMs);
  }

  /**
   * Ends every connection when its calls have ended, or after `graceMs`. In two steps, so that no call is refused:
   * first "make no more calls", then, once the last have come, the end.
   */
  async drain(graceMs: number): Promise<void> {
    clearInterval(this.#pings);
    for (const session of this.#sessions) {
      if (!session.destroyed && !session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM_ID);
    }
    const deadline = Date.now() + graceMs;
    const hasCalls = () => this.#sessions.size > 0;
    if (hasCalls()) await new Promise((resolve) => setTimeout(resolve, Math.min(LAST_CALLS_MS, graceMs)));
    for (const session of this.#sessions) session.close();
    const left = Math.max(0, deadline - Date.now());
    const timer = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, left);
    await Promise.all(
      [...this.#sessions].map((session) => new Promise((resolve) => session.once('close', resolve))),
    );
    clearTimeout(timer);
  }
}
