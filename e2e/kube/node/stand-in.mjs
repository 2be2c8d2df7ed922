// A model server of no dependencies: every gRPC call is answered with the version that the pod is of. It begins to end
// with SIGTERM, and answers what is under way.
import { createServer } from 'node:http2';

const text = Buffer.from(process.env.VERSION ?? '');
const message = Buffer.concat([Buffer.from([0, 0, 0, 0, text.length]), text]);
const server = createServer();
server.on('stream', (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.on('error', () => {});
  stream.end(message);
});
const sessions = new Set();
server.on('session', (session) => sessions.add(session));
server.listen(9000);
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  for (const session of sessions) session.close();
});
