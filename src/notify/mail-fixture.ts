import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  /** Head and text, as they came. */
  readonly content: string;
}

/** A mail server that takes letters without asking who sends them, and records them (RFC 5321). */
export class MailServer {
  readonly letters: Letter[] = [];
  /** What it says to the next letters, before it takes them. */
  readonly refusals: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    this.#serve(socket);
  });

  /** @returns `smtp://HOST:PORT` */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `smtp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #serve(socket: Socket): void {
    let unread = '';
    let from = '';
    let to: string[] = [];
    let inLetter = false;
    const say = (line: string) => socket.write(`${line}\r\n`);
    const take = (content: string): void => {
      this.letters.push({ from, to, content });
      inLetter = false;
      say('250 taken');
    };
    const obey = (line: string): void => {
      const verb = line.slice(0, 4).toUpperCase();
      const address = /<(.*)>/.exec(line)?.[1] ?? '';
      if (verb === 'EHLO') say('250 test');
      else if (verb === 'MAIL') {
        const refusal = this.refusals.shift();
        [from, to] = [address, []];
        say(refusal ?? '250 yes');
      } else if (verb === 'RCPT') {
        to.push(address);
        say('250 yes');
      } else if (verb === 'DATA') {
        inLetter = true;
        say('354 go on');
      } else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else say('250 yes');
    };
    say('220 test');
    socket.on('data', (chunk) => {
      unread += chunk.toString('utf8');
      for (;;) {
        const end = unread.indexOf(inLetter ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const part = unread.slice(0, end);
        unread = unread.slice(end + (inLetter ? 5 : 2));
        if (inLetter) take(part);
        else obey(part);
      }
    });
  }
}
