import type { Protocol } from './answer.ts';
import { Engine, type EngineSettings } from './engine.ts';
import type { Rejection } from './facts.ts';
import { frameResource } from './frame-resource.ts';
import type { Resource, ViewContents } from './resource.ts';
import type { Sink, StreamEnd } from './sink.ts';
import type { StreamState } from './stream.ts';
import { TYPE_URL, type TypeName, type TypeUrl } from './type-urls.ts';
import { bytesField, FieldReader, textField } from './wire.ts';

/** An engine with a hand-moved clock, and clients that speak to it in bytes. */
export class World {
  readonly engine: Engine;
  now = 1_000_000;
  readonly rejections: { nodeId: string; rejection: Rejection }[] = [];

  constructor(settings: Partial<EngineSettings> = {}) {
    this.engine = new Engine(
      {
        removalDeadlineMs: 5_000,
        warmingDeadlineMs: 15_000,
        stallDeadlineMs: 30_000,
        unacknowledgedAnswers: 32,
        namesPerType: 1_000,
        requestBytes: 1_000_000,
        answerBytes: 1_000_000,
        ...settings,
      },
      {
        // a node's id is `NAME@VIEW` here
        decodeNode: (bytes) => ({ id: bytes.toString(), cluster: '', userAgent: '', zone: '', metadata: {} }),
        viewOf: (node) => node.id.split('@')[1] ?? '',
        identified: () => {},
        sent: () => {},
        acknowledged: () => {},
        rejected: ({ stream }, rejection) =>
          this.rejections.push({ nodeId: stream.node?.id ?? '', rejection }),
      },
    );
  }

  /** Publishes contents by `TYPE/NAME` (undefined removes) and views, and tells everybody. */
  publish(
    contents: Readonly<Record<string, string | undefined>>,
    views: Readonly<Record<string, ViewContents>> = {},
  ): number {
    const upsert: Resource[] = [];
    const remove: { typeUrl: TypeUrl; name: string }[] = [];
    for (const [path, content] of Object.entries(contents)) {
      const [type, name = ''] = path.split('/');
      const typeUrl = TYPE_URL[type as TypeName];
      if (content === undefined) remove.push({ typeUrl, name });
      else upsert.push(resource(type as TypeName, name, content));
    }
    const { sequence } = this.engine.publish({ upsert, remove, views: Object.entries(views) }, this.now);
    this.engine.flush(this.now);
    return sequence;
  }

  connect(protocol: Protocol, { node = 'one@all', type }: { node?: string; type?: TypeName } = {}): Client {
    return new Client(this, protocol, node, type);
  }

  pass(ms: number): void {
    this.now += ms;
    this.engine.tick(this.now);
  }
}

export function resource(type: TypeName, name: string, content: string, ttlMs?: number): Resource {
  const endpointsName = type === 'cds' ? name : undefined;
  const clusterNames = type === 'rds' && content.startsWith('to ') ? content.slice(3).split(' ') : [];
  return frameResource(TYPE_URL[type], name, Buffer.from(`${name}=${content}`), {
    ttlMs,
    endpointsName,
    clusterNames,
  });
}

/** An answer as a client reads it. */
export interface Told {
  readonly type: TypeName;
  readonly nonce: string;
  /** Contents by name; a heartbeat has none. */
  readonly resources: Readonly<Record<string, string | undefined>>;
  readonly removed: readonly string[];
}

export interface Request {
  readonly names?: readonly string[];
  readonly drop?: readonly string[];
  readonly versions?: Readonly<Record<string, string>>;
  readonly nonce?: string;
  readonly error?: string;
}

export class Client implements Sink {
  readonly #world: World;
  readonly #protocol: Protocol;
  readonly #node: string;
  readonly state: StreamState;
  ready = true;
  ended: StreamEnd | undefined;
  #isFirst = true;
  #told: Told[] = [];

  constructor(world: World, protocol: Protocol, node: string, type: TypeName | undefined) {
    this.#world = world;
    this.#protocol = protocol;
    this.#node = node;
    const typeUrl = type && TYPE_URL[type];
    this.state = world.engine.open({ protocol, typeUrl, peer: '', sink: this }, world.now);
  }

  write(framed: Buffer): void {
    this.#told.push(readAnswer(this.#protocol, framed));
  }

  end(status: StreamEnd): void {
    this.ended = status;
  }

  ask(type: TypeName, request: Request = {}): void {
    const isDelta = this.#protocol === 'delta';
    const node = this.#isFirst ? bytesField(isDelta ? 1 : 2, Buffer.from(this.#node)) : Buffer.alloc(0);
    this.#isFirst = false;
    const { names = [], drop = [], versions = {}, nonce = '', error } = request;
    const status = error === undefined ? Buffer.alloc(0) : bytesField(isDelta ? 7 : 6, textField(2, error));
    const typeUrl = textField(isDelta ? 2 : 4, TYPE_URL[type]);
    const fields = [
      node,
      typeUrl,
      ...names.map((name) => bytesField(3, Buffer.from(name))),
      ...drop.map((name) => bytesField(4, Buffer.from(name))),
      ...Object.entries(versions).map(([name, version]) =>
        bytesField(5, Buffer.concat([textField(1, name), textField(2, version)])),
      ),
      textField(isDelta ? 6 : 5, nonce),
      status,
    ];
    this.#world.engine.receive(this.state, Buffer.concat(fields), this.#world.now);
  }

  /** What it was told since it was last asked. */
  take(): Told[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** Acknowledges answers; in state of the world the names go with it. */
  ack(told: readonly Told[], names?: readonly string[]): void {
    const isSotw = this.#protocol === 'sotw';
    for (const { type, nonce } of told) this.ask(type, { nonce, ...(isSotw && names && { names }) });
  }

  drain(): void {
    this.ready = true;
    this.#world.engine.drained(this.state, this.#world.now);
  }

  close(): void {
    this.#world.engine.close(this.state, this.#world.now);
  }
}

const NAME_OF = new Map(Object.entries(TYPE_URL).map(([name, url]) => [url as string, name as TypeName]));

function readAnswer(protocol: Protocol, framed: Buffer): Told {
  const reader = new FieldReader(framed, 5);
  const resources: Record<string, string | undefined> = {};
  const removed: string[] = [];
  let type = '';
  let nonce = '';
  while (reader.next()) {
    if (reader.field === 2) {
      const start = reader.enter();
      const [name, content] = readResource(protocol, framed.subarray(start, reader.position));
      resources[name] = content;
    } else if (reader.field === 4) type = reader.text();
    else if (reader.field === 5) nonce = reader.text();
    else if (reader.field === 6) removed.push(reader.text());
    else reader.skip();
  }
  return { type: NAME_OF.get(type) ?? 'cds', nonce, resources, removed };
}

function readResource(protocol: Protocol, bytes: Buffer): [string, string | undefined] {
  const fields = new Map<number, Buffer>();
  const reader = new FieldReader(bytes);
  while (reader.next()) {
    const start = reader.enter();
    fields.set(reader.field, bytes.subarray(start, reader.position));
  }
  if (protocol === 'sotw') {
    const [name = '', content] = (fields.get(2)?.toString() ?? '').split('=');
    return [name, content];
  }
  const any = fields.get(2);
  return [fields.get(3)?.toString() ?? '', any && readResource('sotw', any)[1]];
}

/** What nodes `…@all` of {@link smallWorld} are shown. */
export const SMALL_VIEW = { all: { [TYPE_URL.cds]: ['a'], [TYPE_URL.lds]: ['l'] } };

/** A cluster `a` with its endpoints, a listener `l` and a route `r`. */
export function smallWorld(settings: Partial<EngineSettings> = {}): World {
  const made = new World(settings);
  made.publish({ 'cds/a': '1', 'eds/a': '1', 'lds/l': '1', 'rds/r': '1' }, SMALL_VIEW);
  return made;
}

/** A client of a small world that follows as Envoy does, up to date. */
export function follower(w: World, protocol: Protocol = 'delta', node = 'one@all'): Client {
  const client = w.connect(protocol, { node });
  client.ask('cds');
  client.ack(client.take());
  client.ask('eds', { names: ['a'] });
  client.ack(client.take(), ['a']);
  client.ask('lds');
  client.ack(client.take());
  client.ask('rds', { names: ['r'] });
  client.ack(client.take(), ['r']);
  return client;
}
