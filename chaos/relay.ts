import { connect, createServer, type Server, type Socket } from 'node:net';

/** What the network between two processes does. */
export type Weather = 'clear' | 'cut' | 'silent' | { readonly delayMs: number };

/** A network of one wire: everything that goes to `port` goes to the target, as the weather is. */
export class Relay {
  readonly port: number;
  readonly #server: Server;
  readonly #wires = new Set<{ readonly ends: readonly [Socket, Socket] }>();
  #weather: Weather = 'clear';

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(target: number): Promise<Relay> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the relay does not listen');
    const relay = new Relay(server, address.port);
    server.on('connection', (near) => relay.#accept(near, target));
    return relay;
  }

  /** `cut` ends what is open and refuses more; `silent` loses nothing and delivers nothing until it is over. */
  set weather(weather: Weather) {
    this.#weather = weather;
    for (const { ends } of this.#wires) {
      for (const end of ends) {
        if (weather === 'cut') end.destroy();
        else if (weather === 'silent') end.pause();
        else end.resume();
      }
    }
  }

  close(): void {
    this.weather = 'cut';
    this.#server.close();
  }

  #accept(near: Socket, target: number): void {
    if (this.#weather === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: target });
    const wire = { ends: [near, far] as const };
    this.#wires.add(wire);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => {});
      from.on('data', (chunk) => this.#deliver(chunk, to));
      from.on('close', () => {
        to.destroy();
        this.#wires.delete(wire);
      });
      if (this.#weather === 'silent') from.pause();
    }
  }

  #deliver(chunk: Buffer, to: Socket): void {
    const weather = this.#weather;
    if (typeof weather === 'object') setTimeout(() => to.write(chunk), weather.delayMs);
    else to.write(chunk);
  }
}
