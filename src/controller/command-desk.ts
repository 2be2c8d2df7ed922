import type { PolicyEvent } from '../core/decide/service-look.ts';
import type { RolloutCommand } from '../core/policy/rollout/decision.ts';

/** Something that a person did, as it stands in the record. */
export type Note = PolicyEvent & { readonly actor: string };

/** The switches over everything; saved, so that a restart does not undo them. */
export interface Switches {
  readonly frozen: boolean;
  readonly baseline: boolean;
}

interface Asked {
  readonly command: RolloutCommand;
  readonly actor: string;
}

/** Takes what people ask for between two looks, and notes who it was. */
export class CommandDesk {
  readonly #asked = new Map<string, Asked[]>();
  #switches: Switches;
  #notes: Note[] = [];

  /** @param switches as they were saved */
  constructor(switches: Switches) {
    this.#switches = switches;
  }

  get switches(): Switches {
    return this.#switches;
  }

  /** Takes a command for the rollout of a service. */
  ask(service: string, command: RolloutCommand, actor: string): void {
    this.#asked.set(service, [...(this.#asked.get(service) ?? []), { command, actor }]);
  }

  /** The commands for a service's rollout, each handed out once and noted. */
  take(service: string, rollout: string | undefined, nowMs: number): readonly RolloutCommand[] {
    const asked = this.#asked.get(service) ?? [];
    this.#asked.delete(service);
    for (const { command, actor } of asked) {
      const reason = `Asked${command.type.charAt(0).toUpperCase()}${command.type.slice(1)}`;
      const message = `${actor} asked to ${command.type}`;
      this.#notes.push(noteOf(`Rollout/${rollout}`, reason, message, actor, undefined, nowMs));
    }
    return asked.map(({ command }) => command);
  }

  /** Sets the switches. */
  switchTo(switches: Switches, actor: string, nowMs: number): void {
    for (const name of ['frozen', 'baseline'] as const) {
      const [before, after] = [this.#switches[name], switches[name]];
      if (before === after) continue;
      const reason = `${name === 'frozen' ? 'Freeze' : 'Baseline'}${after ? 'On' : 'Off'}`;
      const message = `${actor} switched ${name} ${after ? 'on' : 'off'}`;
      const change = { before: { [name]: before }, after: { [name]: after } };
      this.#notes.push(noteOf('Penstock', reason, message, actor, change, nowMs));
    }
    this.#switches = switches;
  }

  /** The switches as another replica set them, who has noted it. */
  adopt(switches: Switches): void {
    this.#switches = switches;
  }

  /** What was noted since the last call. */
  notes(): readonly Note[] {
    const notes = this.#notes;
    this.#notes = [];
    return notes;
  }
}

function noteOf(
  subject: string,
  reason: string,
  message: string,
  actor: string,
  change: Note['change'],
  at: number,
): Note {
  return { at, subject, reason, message, actor, evidence: null, change };
}
