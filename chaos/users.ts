import { Caller } from '../e2e/translate/caller.ts';
import type { Call } from './record.ts';
import { HOST } from './specs.ts';
import type { Sidecar } from './world.ts';

const USERS = 80;
const CALLS_PER_SECOND = 100;
const PATIENCE_MS = 6_000;

/** Users that call one after the other, each always by the same sidecar. */
export class Users {
  readonly calls: Call[] = [];
  readonly #callers: Map<Sidecar, Caller>;
  readonly #timer: NodeJS.Timeout;
  readonly #underWay = new Set<Promise<void>>();
  #next = 0;

  constructor(sidecars: readonly Sidecar[]) {
    this.#callers = new Map(sidecars.map((each) => [each, new Caller(each.port)]));
    this.#timer = setInterval(() => {
      const user = this.#next++ % USERS;
      const sidecar = sidecars[user % sidecars.length];
      if (sidecar === undefined) return;
      const call = this.#call(user, sidecar).finally(() => this.#underWay.delete(call));
      this.#underWay.add(call);
    }, 1000 / CALLS_PER_SECOND);
  }

  /** Makes no more calls, and waits for those under way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    for (const caller of this.#callers.values()) caller.close();
  }

  async #call(user: number, sidecar: Sidecar): Promise<void> {
    const caller = this.#callers.get(sidecar);
    if (caller === undefined) return;
    const beganAt = performance.now();
    const answer = await caller
      .call(HOST, { 'x-user-id': `user-${user}` }, PATIENCE_MS)
      .catch(() => undefined);
    this.calls.push({
      beganAt,
      endedAt: performance.now(),
      user,
      sidecar: sidecar.id,
      status: answer?.status,
      message: answer?.message ?? '',
      version: answer?.version,
    });
    if (answer?.status === undefined) this.#reconnect(sidecar, caller);
  }

  /** The connection may be gone: others take a new one from here on. */
  #reconnect(sidecar: Sidecar, caller: Caller): void {
    if (this.#callers.get(sidecar) !== caller) return;
    caller.close();
    this.#callers.set(sidecar, new Caller(sidecar.port));
  }
}
