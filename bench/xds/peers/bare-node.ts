import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';

// The bare Node fan-out: grpc-js streams that are handed prebuilt bytes. No control plane on grpc-js can be faster.
// Prints "ready"; POST /bump?weight=W sends the message with this weight to every stream.

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
/** Bytes of the weight's varint in the message, whatever the weight. */
const VARINT_BYTES = 4;

const { values } = parseArgs({
  options: {
    message: { type: 'string', default: '' },
    addr: { type: 'string', default: '127.0.0.1:23800' },
    admin: { type: 'string', default: '127.0.0.1:23801' },
  },
});
const file = readFileSync(values.message);
const offset = file.readUInt32LE(0);
let message: Buffer = Buffer.from(file.subarray(4));

/** The message with another weight, which has a varint of the same length. */
function withWeight(weight: number): Buffer {
  const copy = Buffer.from(message);
  for (let i = 0; i < VARINT_BYTES; i++) {
    const isLast = i === VARINT_BYTES - 1;
    copy[offset + i] = ((weight >> (7 * i)) & 0x7f) | (isLast ? 0 : 0x80);
  }
  return copy;
}

const calls = new Set<ServerDuplexStream<Buffer, Buffer>>();
const raw = (bytes: Buffer): Buffer => bytes;
const server = new Server({ 'grpc.max_concurrent_streams': 1_000_000 });
server.addService(
  {
    delta: {
      path: METHOD,
      requestStream: true,
      responseStream: true,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    },
  },
  {
    delta(call: ServerDuplexStream<Buffer, Buffer>) {
      calls.add(call);
      call.once('data', () => call.write(message));
      call.on('data', () => {}); // acknowledgements
      call.on('error', () => calls.delete(call)).on('cancelled', () => calls.delete(call));
      call.on('end', () => {
        calls.delete(call);
        call.end();
      });
    },
  },
);

const admin = createServer((request, response) => {
  message = withWeight(Number(new URL(request.url ?? '/', 'http://admin').searchParams.get('weight')));
  for (const call of calls) call.write(message);
  response.end('ok\n');
});
const [host, port] = values.admin.split(':');
server.bindAsync(values.addr, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  admin.listen(Number(port), host, () => console.log(`ready ${process.pid}`));
});
process.once('SIGTERM', () => process.exit());
