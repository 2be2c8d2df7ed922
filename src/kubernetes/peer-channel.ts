import { createHmac, timingSafeEqual } from 'node:crypto';
import { Agent, createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What one replica tells another. */
export interface PeerMessage {
  readonly from: string;
  /** Grows with each message of a replica: one that is sent again by somebody else is refused. */
  readonly number: number;
  readonly body: unknown;
}

const SIGNATURE = 'x-penstock-signature';
const PATH = '/peers/v1/report';
const LONGEST_BYTES = 32 << 20;
const TIMEOUT_MS = 5000;

/** Takes what other replicas tell, signed with what only they know (HMAC-SHA256 of the body). */
export class PeerServer {
  readonly #server: Server;
  readonly #secret: Buffer;
  readonly #onMessage: (message: PeerMessage) => void;
  readonly #newest = new Map<string, number>();

  private constructor(secret: Buffer, onMessage: (message: PeerMessage) => void) {
    this.#secret = secret;
    this.#onMessage = onMessage;
    this.#server = createServer((asked, answer) => {
      if (asked.method !== 'POST' || asked.url !== PATH) return reply(answer, 404);
      if (Number(asked.headers['content-length'] ?? LONGEST_BYTES + 1) > LONGEST_BYTES)
        return reply(answer, 413);
      text(asked).then(
        (body) => reply(answer, this.#take(body, String(asked.headers[SIGNATURE] ?? ''))),
        () => answer.destroy(),
      );
    });
  }

  /** @throws when the address cannot be listened on */
  static async listen(
    { address, secret }: { readonly address: string; readonly secret: Buffer },
    onMessage: (message: PeerMessage) => void,
  ): Promise<PeerServer> {
    const peer = new PeerServer(secret, onMessage);
    const { hostname, port } = new URL(`http://${address}`);
    await new Promise<void>((resolve, reject) => {
      peer.#server.once('error', reject);
      peer.#server.listen(Number(port || 80), hostname.replace(/^\[|\]$/g, ''), resolve);
    });
    return peer;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** @returns the status of the answer */
  #take(body: string, signature: string): number {
    const expected = Buffer.from(sign(this.#secret, body));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 403;
    const message = JSON.parse(body) as PeerMessage;
    if (message.number <= (this.#newest.get(message.from) ?? 0)) return 409;
    this.#newest.set(message.from, message.number);
    this.#onMessage(message);
    return 204;
  }
}

/** Tells another replica something. */
export class PeerClient {
  readonly #secret: Buffer;
  readonly #from: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** Begins above what an earlier process of the same name may have reached. */
  #number = Date.now();

  /** @param from who we are */
  constructor(secret: Buffer, from: string) {
    this.#secret = secret;
    this.#from = from;
  }

  /**
   * @param address `HOST:PORT`
   * @throws when it is not taken within 5 s
   */
  tell(address: string, body: unknown): Promise<void> {
    const message: PeerMessage = { from: this.#from, number: ++this.#number, body };
    const sent = JSON.stringify(message);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(sent),
      [SIGNATURE]: sign(this.#secret, sent),
    };
    return new Promise((resolve, reject) => {
      const asked = request(
        `http://${address}${PATH}`,
        { method: 'POST', agent: this.#agent, headers },
        (answer) => {
          answer.resume();
          const { statusCode = 0 } = answer;
          answer.once('end', () =>
            statusCode < 300 ? resolve() : reject(new Error(`it answers ${statusCode}`)),
          );
        },
      );
      asked.setTimeout(TIMEOUT_MS, () => asked.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
      asked.once('error', reject);
      asked.end(sent);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function sign(secret: Buffer, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function reply(answer: ServerResponse, status: number): void {
  answer.writeHead(status).end();
}
