import { follow } from './connection.ts';
import { Mesh } from './mesh.ts';
import { recognise } from './person.ts';
import { Pulses } from './pulses.ts';
import { Trails } from './trails.ts';

/** The one mesh that the page shows. */
export const mesh = new Mesh();
export const trails = new Trails(mesh);
export const pulses = new Pulses(mesh);

/** Begins to follow the server. */
export function startState(): void {
  void recognise();
  follow(mesh, () => {
    trails.record();
    pulses.record();
  });
}
