import { type Fault, pick } from './fault.ts';
import { backAgain, type Program } from './processes.ts';
import type { Excuse } from './record.ts';
import type { Pod, Sidecar, World } from './world.ts';

/** A program that is killed, and started again when the fault is healed; one that is stopped, and goes on. */
function pair(
  name: string,
  group: string,
  choose: (
    world: World,
    plan: Parameters<Fault['strike']>[1],
  ) => { program: Program; excuses: Excuse; ready: () => Promise<boolean> | boolean },
): Fault[] {
  return [
    {
      kind: `${name} killed`,
      group,
      strike: async (world, plan) => {
        const { program, excuses, ready } = choose(world, plan);
        await program.kill();
        const heal = async () => {
          program.start();
          await backAgain(program, ready);
        };
        return { what: program.name, excuses, heal };
      },
    },
    {
      kind: `${name} stopped`,
      group,
      strike: async (world, plan) => {
        const { program, excuses } = choose(world, plan);
        program.freeze();
        return { what: program.name, excuses, heal: async () => program.wake() };
      },
    },
  ];
}

const isReady = async (port: number): Promise<boolean> => (await fetch(`http://127.0.0.1:${port}/ready`)).ok;

/** Every process of the system, killed and stopped. */
export const PROCESS_FAULTS: readonly Fault[] = [
  ...pair('penstock', 'penstock', ({ penstock }) => ({
    program: penstock,
    excuses: 'none',
    ready: () => penstock.said('"msg":"serving"'),
  })),
  ...pair('pod', 'pod', ({ pods }, plan) => {
    const { program }: Pod = pick(pods, plan);
    return { program, excuses: 'all', ready: () => program.said('ready') };
  }),
  ...pair('sidecar', 'sidecar', ({ sidecars }, plan) => {
    const { program, id, adminPort }: Sidecar = pick(sidecars, plan);
    return { program, excuses: { sidecar: id }, ready: () => isReady(adminPort) };
  }),
  ...pair('prometheus', 'prometheus', ({ prometheus }) => ({
    program: prometheus,
    excuses: 'none',
    ready: () => prometheus.said('Server is ready to receive web requests'),
  })),
];
