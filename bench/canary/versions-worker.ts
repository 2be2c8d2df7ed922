import { parentPort, workerData } from 'node:worker_threads';
import { answers, type Behaviour, fails, startStandIn } from '../../e2e/translate/model-server.ts';
import { type Random, seeded } from '../statistics/random.ts';
import type { Order, VersionBehaviour } from './versions.ts';

// All versions of a fleet, in a thread of their own, so that the callers' clock is not held up by what they call.

const INTERNAL = 13;
/** Spread of the latencies: their logarithm's standard deviation. */
const SPREAD = 0.3;

const { names, seed } = workerData as { readonly names: readonly string[]; readonly seed: number };
const random = seeded(seed);

const standIns = await Promise.all(names.map((name) => startStandIn(name)));

function behave(name: string, { failureRate, medianMs }: VersionBehaviour): Behaviour {
  const well = answers(name);
  const ill = fails(INTERNAL);
  return (stream, headers) => {
    const behaviour = random.next() < failureRate ? ill : well;
    setTimeout(
      () => {
        if (!stream.destroyed) behaviour(stream, headers);
      },
      medianMs * Math.exp(SPREAD * normal(random)),
    );
  };
}

function normal({ next }: Random): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

parentPort?.on('message', ({ id, index, behaviour }: Order) => {
  const standIn = standIns[index];
  if (standIn !== undefined) standIn.behaviour = behave(names[index] ?? '', behaviour);
  parentPort?.postMessage({ id });
});
parentPort?.postMessage({ ports: standIns.map(({ port }) => port) });
