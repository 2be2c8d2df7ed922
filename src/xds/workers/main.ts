import type { Socket } from 'node:net';
import type { NodeIdentity } from '../../core/delta/facts.ts';
import { acknowledgementOf } from '../../core/delta/stream-facts.ts';
import type { Peer } from '../../grpc/peer.ts';
import { NodeRefused } from '../contract.ts';
import { startXds, type XdsProcess } from '../xds-process.ts';
import { FollowedSecrets } from './followed-secrets.ts';
import { Happenings } from './happenings.ts';
import type { FromWorker, Question, ToWorker } from './messages.ts';
import { Sequences } from './sequences.ts';
import { StreamStatus } from './stream-status.ts';
import { fromWire } from './wire-change.ts';

// A process that serves streams: it is given connections and changes, and tells what comes of them.

/** What happened is told together, this late. */
const TOLD_AFTER_MS = 10;
const STATUS_EVERY_MS = 1_000;
/** To tell it takes at most so much of a worker's time: with very many streams it is told less often. */
const STATUS_SHARE = 0.02;
/** How often answers to questions are looked at again. */
const ANSWERS_EVERY_MS = 50;

type Start = Extract<ToWorker, { type: 'start' }>;

const tell = (message: FromWorker): void => void process.send?.(message);

class Worker {
  readonly #xds: XdsProcess;
  readonly #sequences: Sequences;
  readonly #nodes: PlacedNodes;
  readonly #secrets: FollowedSecrets;
  readonly #questions = new Map<number, { readonly question: Question; told: string }>();
  readonly #status: StreamStatus;

  private constructor(xds: XdsProcess, sequences: Sequences, nodes: PlacedNodes, secrets: FollowedSecrets) {
    this.#xds = xds;
    this.#sequences = sequences;
    this.#nodes = nodes;
    this.#secrets = secrets;
    this.#status = new StreamStatus(xds.engine, sequences);
    this.#tellStatus();
    setInterval(() => this.#answer(this.#questions.keys()), ANSWERS_EVERY_MS);
  }

  static async start({ settings, tls, takesLatencies, givesSecrets }: Start): Promise<Worker> {
    const sequences = new Sequences();
    const nodes = new PlacedNodes();
    const secrets = new FollowedSecrets(tell);
    const happenings = new Happenings(() =>
      setTimeout(() => tell({ type: 'happened', happened: happenings.take() }), TOLD_AFTER_MS),
    );
    const options = {
      ...{ address: '', nodes, metrics: happenings.metrics() },
      listener: happenings.listener(takesLatencies, (own) => sequences.toDeciding(own)),
      ...(tls && { tls }),
      ...(givesSecrets && { secrets }),
    };
    return new Worker(await startXds(options, settings, undefined), sequences, nodes, secrets);
  }

  receive(message: Exclude<ToWorker, Start>, socket: Socket | undefined): void {
    switch (message.type) {
      case 'connection':
        if (socket) this.#take(socket);
        else tell({ type: 'freed' }); // it was closed on its way
        return;
      case 'publish':
        this.#xds.publish(fromWire(message.change));
        this.#sequences.note(message.sequence, this.#xds.engine.sequence);
        return;
      case 'placed':
      case 'notServed':
        this.#nodes.told(message);
        return;
      case 'ask':
        for (const question of message.questions) this.#questions.set(question.id, { question, told: '' });
        this.#answer(message.questions.map(({ id }) => id));
        return;
      case 'forget':
        for (const id of message.ids) this.#questions.delete(id);
        return;
      case 'secrets':
        this.#secrets.take(message);
        return;
      case 'rotate':
        this.#xds.rotate(message.tls);
        return;
      case 'close':
        void this.#xds.close().then(() => process.exit(0));
    }
  }

  #tellStatus(): void {
    const startedAt = performance.now();
    tell({ type: 'status', status: this.#status.take(Date.now()) });
    const tookMs = performance.now() - startedAt;
    setTimeout(() => this.#tellStatus(), Math.max(STATUS_EVERY_MS, tookMs / STATUS_SHARE));
  }

  #take(socket: Socket): void {
    socket.once('close', () => tell({ type: 'freed' }));
    this.#xds.take(socket);
  }

  /** Answers questions whose answer is another than was told. */
  #answer(ids: Iterable<number>): void {
    const answers = [...ids].flatMap((id) => {
      const asked = this.#questions.get(id);
      if (!asked) return [];
      const { sequence, keys } = asked.question;
      const acknowledgement = acknowledgementOf(this.#xds.engine, this.#sequences.toOwn(sequence), keys);
      const text = JSON.stringify(acknowledgement);
      if (text === asked.told) return [];
      asked.told = text;
      return [{ id, acknowledgement }];
    });
    if (answers.length > 0) tell({ type: 'answers', answers });
  }
}

/** Nodes whose views the deciding process knows. */
class PlacedNodes {
  readonly #waiting = new Map<number, PromiseWithResolvers<string>>();
  #ids = 0;

  viewOf(node: NodeIdentity, peer: Peer): Promise<string> {
    const waiting = Promise.withResolvers<string>();
    const id = ++this.#ids;
    this.#waiting.set(id, waiting);
    tell({ type: 'place', id, node, peer });
    return waiting.promise;
  }

  told(answer: Extract<ToWorker, { type: 'placed' | 'notServed' }>): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.type === 'placed') waiting?.resolve(answer.view);
    else waiting?.reject(new NodeRefused(answer.why, answer.code));
  }
}

let worker: Promise<Worker> | undefined;
process.on('message', (message: ToWorker, socket: Socket | undefined) => {
  if (message.type === 'start') {
    worker = Worker.start(message);
    void worker.then(() => tell({ type: 'ready' }));
  } else void worker?.then((started) => started.receive(message, socket));
});
// Whoever ends a group of processes ends the deciding one too, which closes this one in order.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
process.once('disconnect', () => process.exit(0));
