import {
  type Command,
  type CommandResult,
  type ControlPlane,
  ROLLOUT_ACTIONS,
  type RolloutAction,
} from '../../admin/control-plane.ts';
import { pathOf } from '../../core/api/crd.ts';
import type { ApiClient } from '../../kubernetes/api-client.ts';
import { reasonOf } from '../../kubernetes/api-error.ts';
import { ASK, type SpecObject, type SpecWatch } from '../../kubernetes/spec-watch.ts';

/** What became of what was asked, beside the object. */
const ANSWER = 'penstock.dev/answer';
const DONE = 'done';
/** Who asks gets an answer within this, or is told that there was none. */
const ANSWER_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;

type RolloutCommand = Extract<Command, { readonly rollout: unknown }>;
type SwitchCommand = Exclude<Command, RolloutCommand>;

/**
 * Commands that come by way of an object: `kubectl annotate modelrollout fraud-v2 penstock.dev/ask=promote`, which is
 * also how a replica that does not lead hands on what it was asked over HTTP.
 */
export class AskedByObjects {
  readonly #client: ApiClient;
  readonly #watch: SpecWatch;
  readonly #plane: ControlPlane;
  readonly #leading: () => boolean;

  constructor(client: ApiClient, watch: SpecWatch, plane: ControlPlane, leading: () => boolean) {
    this.#client = client;
    this.#watch = watch;
    this.#plane = plane;
    this.#leading = leading;
  }

  /** Carries out what an object asks for, if we lead, and writes the answer beside it. */
  async carryOut(object: SpecObject, asked: string): Promise<void> {
    if (!this.#leading()) return;
    await this.#annotate(object, { [ASK]: null, [ANSWER]: await this.#answer(object, asked) }).catch(
      () => {},
    );
  }

  /** What was asked while nobody led. */
  carryOutAll(): void {
    for (const object of this.#watch.all('ModelRollout').values()) {
      const asked = object.metadata.annotations?.[ASK];
      if (asked !== undefined) void this.carryOut(object, asked);
    }
  }

  /** @param request as `forwardSwitch` wrote it */
  async carryOutSwitch(request: string): Promise<void> {
    const command = JSON.parse(request) as SwitchCommand;
    await this.#plane.command({ kind: command.kind, on: command.on === true, actor: String(command.actor) });
  }

  /** Writes a command to its object, and waits for the answer of whoever leads. */
  async forward({ kind, rollout, actor }: RolloutCommand): Promise<CommandResult> {
    const key = `${rollout.namespace}/${rollout.name}`;
    const object = this.#watch.find('ModelRollout', key);
    if (object === undefined) return { ok: false, code: 'not-found', message: `there is no rollout ${key}` };
    try {
      await this.#annotate(object, { [ASK]: `${kind} by ${actor}`, [ANSWER]: null });
    } catch (error) {
      return { ok: false, code: 'conflict', message: `the API server does not take it: ${reasonOf(error)}` };
    }
    const answer = await this.#until(
      () => this.#watch.find('ModelRollout', key)?.metadata.annotations?.[ANSWER],
    );
    if (answer === DONE) return { ok: true };
    return {
      ok: false,
      code: 'conflict',
      message: answer ?? 'it was asked for, and whoever leads has not answered yet',
    };
  }

  /** Hands a switch to whoever leads. */
  async forwardSwitch(
    command: SwitchCommand,
    ask: (request: string) => Promise<void>,
  ): Promise<CommandResult> {
    const name = command.kind === 'freeze' ? 'frozen' : 'baseline';
    try {
      await ask(JSON.stringify({ ...command, at: Date.now() }));
    } catch (error) {
      return { ok: false, code: 'conflict', message: `the API server does not take it: ${reasonOf(error)}` };
    }
    const done = await this.#until(() => (this.#plane.status()[name] === command.on ? DONE : undefined));
    if (done !== undefined) return { ok: true };
    return {
      ok: false,
      code: 'conflict',
      message: 'it was asked for, and whoever leads has not answered yet',
    };
  }

  async #answer({ metadata, ...object }: SpecObject, asked: string): Promise<string> {
    const [, word = '', actor = 'an annotation'] = /^\s*(\S+)(?:\s+by\s+(.+?))?\s*$/.exec(asked) ?? [];
    if (!('spec' in object) || !isAction(word)) return `${asked} is none of ${ROLLOUT_ACTIONS.join(', ')}`;
    const rollout = { namespace: metadata.namespace ?? 'default', name: metadata.name };
    const result = await this.#plane.command({ kind: word, rollout, actor });
    return result.ok ? DONE : result.message;
  }

  #annotate(
    { metadata }: SpecObject,
    annotations: Readonly<Record<string, string | null>>,
  ): Promise<unknown> {
    return this.#client.ask({
      method: 'PATCH',
      path: `${pathOf('ModelRollout', metadata.namespace ?? 'default')}/${metadata.name}`,
      patch: 'merge',
      body: { metadata: { annotations } },
    });
  }

  async #until(answer: () => string | undefined): Promise<string | undefined> {
    const deadline = performance.now() + ANSWER_WITHIN_MS;
    while (performance.now() < deadline) {
      const found = answer();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return undefined;
  }
}

function isAction(word: string): word is RolloutAction {
  return (ROLLOUT_ACTIONS as readonly string[]).includes(word);
}
