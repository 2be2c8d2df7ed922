import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RolloutPhase } from '../core/status/status.ts';
import { reachByAddress } from './reach.ts';
import { waitCommand } from './wait.ts';

let server: Server;
let phases: RolloutPhase[];

beforeEach(async () => {
  // Each question is answered with the next phase, and at last always with the last one.
  server = createServer((_, response) => {
    const phase = phases.length > 1 ? phases.shift() : phases[0];
    const rollout = { namespace: 'default', name: 'fraud', candidate: 'v2', weight: 0, phase, message: '' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify([rollout]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  process.exitCode = undefined;
});

async function exitCodeOf(goal: string, seen: RolloutPhase[], timeout = '60s'): Promise<unknown> {
  phases = seen;
  const { port } = server.address() as AddressInfo;
  const admin = `http://127.0.0.1:${port}`;
  await waitCommand(reachByAddress).parseAsync(
    ['fraud', '--for', goal, '--timeout', timeout, '--admin', admin],
    {
      from: 'user',
    },
  );
  return process.exitCode;
}

it.each<[string, RolloutPhase[], number]>([
  ['promoted', ['Progressing', 'Promoting', 'Baking'], 0],
  ['promoted', ['Completed'], 0],
  ['promoted', ['RolledBack'], 3],
  ['completed', ['Baking', 'Completed'], 0],
  ['completed', ['Baking', 'RollingBack', 'RolledBack'], 3],
  ['rolled-back', ['RolledBack'], 0],
  ['paused', ['Progressing', 'Paused'], 0],
])('what is waited for as %s, with the phases %j, exits with %d', async (goal, seen, code) => {
  expect(await exitCodeOf(goal, seen)).toBe(code);
});

it('a rollout that keeps stable warm is promoted, and not yet completed', async () => {
  expect(await exitCodeOf('completed', ['Baking'], '1s')).toBe(4);
  expect(await exitCodeOf('promoted', ['Baking'])).toBe(0);
});
