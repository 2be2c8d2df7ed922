import { createServer } from 'node:http2';
import { answers, fails } from '../e2e/translate/model-server.ts';

// A model server that is a process of its own: `pod.ts PORT VERSION`. Told over HTTP to fail, or to be well again.

const [port = '', version = ''] = process.argv.slice(2);
const INTERNAL = 13;
let isIll = false;

const server = createServer();
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  stream.resume();
  if (headers[':path'] === '/ill') isIll = true;
  if (headers[':path'] === '/well') isIll = false;
  const isCall = headers['content-type'] === 'application/grpc';
  (isCall && isIll ? fails(INTERNAL) : answers(version))(stream, headers);
});
server.listen(Number(port), '127.0.0.1', () => console.log('ready'));
