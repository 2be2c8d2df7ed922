import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { register } from '@grpc/grpc-js-xds';

// Calls a model server through grpc-js's own xDS client, again and again, and prints who answered:
//   GRPC_XDS_BOOTSTRAP_CONFIG='{…}' node grpc-js-client.ts xds:///AUTHORITY
// One line a call: the address of the server that answered, or "ERROR" with the reason. It ends with its input.

const SERVER_LIVE = '/inference.GRPCInferenceService/ServerLive';
const PAUSE_MS = 10;
const DEADLINE_MS = 10_000;

register();
const client = new Client(process.argv[2] ?? '', credentials.createInsecure());
const raw = (bytes: Buffer): Buffer => bytes;
const nothing = Buffer.alloc(0);

/** The address of the server that answered, or the error. */
function call(): Promise<string> {
  const metadata = new Metadata({ waitForReady: true });
  const options = { deadline: Date.now() + DEADLINE_MS };
  return new Promise((resolve) => {
    const unary = client.makeUnaryRequest(SERVER_LIVE, raw, raw, nothing, metadata, options, (error) =>
      resolve(error ? `ERROR ${error.code} ${error.details}` : unary.getPeer()),
    );
  });
}

let isEnded = false;
process.stdin.resume().once('end', () => {
  isEnded = true;
});
while (!isEnded) {
  console.log(await call());
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
process.exit();
