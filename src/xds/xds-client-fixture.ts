import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
} from '../gen/envoy/service/discovery/v3/discovery_pb.js';

/** A gRPC client that speaks in generated messages, so that the server's own parsing is held against them. */
export class XdsClient {
  readonly #client: Client;

  constructor(port: number) {
    // With a connection of its own: clients of one process share them otherwise.
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
  }

  delta(path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources') {
    return this.stream(path, DeltaDiscoveryRequestSchema, DeltaDiscoveryResponseSchema);
  }

  sotw(path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources') {
    return this.stream(path, DiscoveryRequestSchema, DiscoveryResponseSchema);
  }

  stream<Q extends DescMessage, R extends DescMessage>(
    path: string,
    request: Q,
    response: R,
  ): XdsStream<Q, R> {
    const raw = (bytes: Buffer): Buffer => bytes;
    return new XdsStream(this.#client.makeBidiStreamRequest(path, raw, raw), request, response);
  }

  /** The error that a unary call ends with. */
  unaryError(path: string): Promise<ServiceError | null> {
    const raw = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, raw, raw, Buffer.alloc(0), (error) => resolve(error));
    });
  }

  close(): void {
    this.#client.close();
  }
}

export class XdsStream<Q extends DescMessage, R extends DescMessage> {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly #request: Q;
  readonly #received: MessageShape<R>[] = [];
  #waiting: (() => void) | undefined;
  /** Resolves to the status that the stream ends with. */
  readonly ended: Promise<ServiceError>;

  constructor(call: ClientDuplexStream<Buffer, Buffer>, request: Q, response: R) {
    this.call = call;
    this.#request = request;
    this.ended = new Promise((resolve) => call.on('error', (error) => resolve(error as ServiceError)));
    call.on('data', (bytes: Buffer) => {
      this.#received.push(fromBinary(response, bytes));
      this.#waiting?.();
    });
  }

  send(init: MessageInitShape<Q>): void {
    this.call.write(Buffer.from(toBinary(this.#request, create(this.#request, init))));
  }

  /** The next message, which may be there already. */
  async next(): Promise<MessageShape<R>> {
    for (;;) {
      const message = this.#received.shift();
      if (message) return message;
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  /** Messages that came and were not taken. */
  get untaken(): number {
    return this.#received.length;
  }
}
