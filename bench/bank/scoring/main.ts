import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seeded } from '../../statistics/random.ts';
import { startScoringServer } from './server.ts';

// A version of the scoring model in a process of its own: `main.ts VERSION LATENCY_MS SEED`. Says where it listens on
// stdout as JSON. Metrics on every path; GET /counts; POST /shift?by=0.2 moves its scores.

const [version = 'v1', latencyMs = '20', seed = '1'] = process.argv.slice(2);
const model = await startScoringServer(version, Number(latencyMs), seeded(Number(seed)));
const page = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname === '/shift') model.shift = Number(url.searchParams.get('by') ?? 0);
  const isCounts = url.pathname === '/counts' || url.pathname === '/shift';
  response.setHeader('content-type', isCounts ? 'application/json' : 'text/plain; version=0.0.4');
  response.end(
    isCounts ? JSON.stringify({ calls: model.calls, shiftedCalls: model.shiftedCalls }) : model.metrics(),
  );
});
page.listen(0, '127.0.0.1', () => {
  const { port } = page.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port: model.port, control: port })}\n`);
});
