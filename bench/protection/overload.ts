import { startLoad } from '../../e2e/protection/load.ts';
import { queueing } from '../../e2e/protection/queueing.ts';
import { World } from '../../e2e/protection/world.ts';
import { Caller } from '../../e2e/translate/caller.ts';
import { freePort } from '../../e2e/translate/mesh.ts';
import { startStandIn } from '../../e2e/translate/model-server.ts';
import { pass, type Row } from './figures.ts';
import { AUTHORITY, poolSpecs } from './fleet.ts';

const CAPACITY = 100;
/** Callers do not wait longer; the model server works for them all the same. */
const PATIENCE_MS = 1_000;
const SETTLE_MS = 25_000;
const SEEN_MS = 15_000;
const ADAPTIVE =
  'rateLimits: [{name: protect, adaptive: {signal: Queue, target: 10, minRequestsPerSecond: 10}}]';

/** What is answered in time, of what one instance can do, from half to three times of which is offered. */
export async function overload(runs: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const factor of [0.5, 1.5, 3]) {
    for (const [name, policy] of [
      ['adaptive limit', ADAPTIVE],
      ['no limit', 'rateLimits: []'],
    ] as const) {
      const values: number[] = [];
      for (let run = 0; run < runs; run++) values.push(await once(factor, policy));
      rows.push({ what: `${factor} × the capacity, ${name}: goodput`, unit: '% of the capacity', values });
    }
  }
  return rows;
}

async function once(factor: number, policy: string): Promise<number> {
  const model = await startStandIn('pod');
  const plant = queueing(CAPACITY, { worksForTheGone: true });
  model.behaviour = plant.behaviour;
  const port = await freePort();
  const world = await World.start(poolSpecs([port], policy));
  await world.inbound('default/pool', 'v1', model.port, port);
  const caller = new Caller((await world.outbound()).port);
  const load = startLoad(caller, AUTHORITY, factor * CAPACITY, PATIENCE_MS);
  await pass(SETTLE_MS);
  const from = performance.now();
  await pass(SEEN_MS);
  const good = load.answers.filter(({ status, at }) => status === 0 && at >= from).length;
  plant.stop();
  await load.stop();
  caller.close();
  await world.stop();
  await model.stop();
  return (100 * good) / ((CAPACITY * SEEN_MS) / 1000);
}
