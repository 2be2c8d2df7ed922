import { type Answer, encodeDelta, encodeSotw, type Protocol, sizeIn } from './answer.ts';
import type { NameSum } from './name-set.ts';
import type { ResourcePool } from './pool.ts';
import type { Resource } from './resource.ts';
import { FULL_STATE, type TypeUrl } from './type-urls.ts';
import type { View } from './view.ts';

/** What answers are made with. */
export interface AnswerSource {
  readonly pool: ResourcePool;
  /** Largest answer, bytes, where the protocol lets it be split. */
  readonly answerBytes: number;
  nextNonce(): string;
}

/** What a request that changes a subscription leads to, remembered by the request's bytes. */
export interface Transition<Member> {
  readonly rawNames: Buffer;
  readonly to: Group<Member>;
  readonly toRevision: number;
  /** Names that the request asks to be told; undefined: everything of the group it leads to. */
  readonly told: readonly string[] | undefined;
  /** Under which the streams that follow share their answer. */
  readonly label: string | undefined;
}

/** Requests that streams in step with one another send; more than these are parsed again. */
const REMEMBERED_TRANSITIONS = 4;

/**
 * Equal subscriptions of many streams: one set of names, one log of changes, one encoding of every answer.
 * A stream that is in the group knows only up to which publication it was told.
 */
export class Group<Member> {
  readonly protocol: Protocol;
  readonly typeUrl: TypeUrl;
  /** Set where the subscription includes the wildcard. */
  view: View | undefined;
  /** Names subscribed to one by one. */
  readonly names: Set<string>;
  sum: NameSum;
  /** Changes when the names are edited in place. */
  revision = 0;
  readonly members = new Set<Member>();
  /** The publication of the newest change that concerns the group. */
  changedAt = 0;
  #log: { readonly sequence: number; readonly name: string }[] = [];
  readonly #answers = new Map<string, readonly Answer[]>();
  readonly #transitions: Transition<Member>[] = [];

  constructor(
    protocol: Protocol,
    typeUrl: TypeUrl,
    view: View | undefined,
    names: Set<string>,
    sum: NameSum,
  ) {
    this.protocol = protocol;
    this.typeUrl = typeUrl;
    this.view = view;
    this.names = names;
    this.sum = sum;
  }

  covers(name: string): boolean {
    return this.names.has(name) || (this.view?.has(this.typeUrl, name) ?? false);
  }

  /** Every name that the group covers, whether it exists or not. */
  allNames(): ReadonlySet<string> {
    const shown = this.view?.names(this.typeUrl);
    if (!shown || shown.size === 0) return this.names;
    return this.names.size === 0 ? shown : shown.union(this.names);
  }

  /** Notes that a name in the group changed, came or went. */
  note(sequence: number, name: string): void {
    if (this.changedAt !== sequence) this.#answers.clear();
    this.changedAt = sequence;
    this.#log.push({ sequence, name });
    if (this.#log.length > 64 + 2 * this.names.size + 2 * (this.view?.names(this.typeUrl).size ?? 0)) {
      const newest = new Map<string, number>();
      for (const entry of this.#log) {
        newest.delete(entry.name); // so that it moves to the end: the log ascends
        newest.set(entry.name, entry.sequence);
      }
      this.#log = Array.from(newest, ([name, sequence]) => ({ sequence, name }));
    }
  }

  /** Names that changed after a publication. */
  changedSince(sequence: number): Set<string> {
    const names = new Set<string>();
    for (let i = this.#log.length - 1; i >= 0; i--) {
      const entry = this.#log[i];
      if (!entry || entry.sequence <= sequence) break;
      names.add(entry.name);
    }
    return names;
  }

  /** Answers that bring a stream from what it was told up to `sequence` to now; shared by all such streams. */
  answersSince(sequence: number, source: AnswerSource): readonly Answer[] {
    return this.#shared(`since ${sequence}`, source, () => this.changedSince(sequence));
  }

  /** Answers that tell everything. */
  answersInFull(source: AnswerSource): readonly Answer[] {
    return this.#shared('all', source, () => this.allNames());
  }

  /** Answers that tell these names, shared under `label` until the next change. */
  answersFor(names: ReadonlySet<string>, source: AnswerSource, label?: string): readonly Answer[] {
    return label === undefined ? this.#answersTo(names, source) : this.#shared(label, source, () => names);
  }

  #shared(label: string, source: AnswerSource, names: () => ReadonlySet<string>): readonly Answer[] {
    let answers = this.#answers.get(label);
    if (!answers) {
      answers = this.#answersTo(names(), source);
      this.#answers.set(label, answers);
    }
    return answers;
  }

  #answersTo(names: ReadonlySet<string>, source: AnswerSource): Answer[] {
    if (this.protocol === 'sotw' && FULL_STATE.has(this.typeUrl)) {
      const resources = this.#existing(this.allNames(), source.pool).resources;
      return [encodeSotw(this.typeUrl, source.nextNonce(), { resources, removed: [] })];
    }
    const { resources, removed } = this.#existing(names, source.pool);
    const parts = splitBySize(this.protocol, resources, source.answerBytes);
    if (this.protocol === 'sotw') {
      // what does not exist cannot be told: the client's own timeout tells it
      return parts.map((part) =>
        encodeSotw(this.typeUrl, source.nextNonce(), { resources: part, removed: [] }),
      );
    }
    if (parts.length === 0) parts.push([]);
    return parts.map((part, i) =>
      encodeDelta(this.typeUrl, source.nextNonce(), { resources: part, removed: i === 0 ? removed : [] }),
    );
  }

  #existing(names: Iterable<string>, pool: ResourcePool): { resources: Resource[]; removed: string[] } {
    const resources: Resource[] = [];
    const removed: string[] = [];
    for (const name of names) {
      const resource = this.covers(name) ? pool.get(this.typeUrl, name) : undefined;
      if (resource) resources.push(resource);
      else removed.push(name);
    }
    return { resources, removed };
  }

  /** What an equal request led to earlier, if it still leads there. */
  remembered(rawNames: Buffer): Transition<Member> | undefined {
    for (const transition of this.#transitions) {
      if (transition.to.revision === transition.toRevision && transition.rawNames.equals(rawNames))
        return transition;
    }
    return undefined;
  }

  /** The bytes by which requests are known to name just these names. */
  *ownNames(): Generator<Buffer> {
    for (const { to, toRevision, rawNames } of this.#transitions) {
      if (to === this && toRevision === this.revision) yield rawNames;
    }
  }

  remember(transition: Transition<Member>): void {
    if (this.#transitions.length >= REMEMBERED_TRANSITIONS) this.#transitions.shift();
    this.#transitions.push(transition);
  }

  /** Forgets what was made for the names as they were; called before they are edited, or nobody is left. */
  retire(): void {
    this.revision++;
    this.#answers.clear();
    this.#transitions.length = 0;
  }
}

/** Resources in answers of bounded size; a resource that is larger stands alone. */
function splitBySize(protocol: Protocol, resources: readonly Resource[], bound: number): Resource[][] {
  const parts: Resource[][] = [];
  let room = 0;
  for (const resource of resources) {
    const size = sizeIn(protocol, resource);
    if (parts.length === 0 || size > room) {
      parts.push([]);
      room = bound;
    }
    parts.at(-1)?.push(resource);
    room -= size;
  }
  return parts;
}
