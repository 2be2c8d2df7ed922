import { connect } from 'node:http2';
import type { Fault } from './fault.ts';
import type { Pod } from './world.ts';

function tell({ port }: Pod, path: '/ill' | '/well'): Promise<void> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => resolve());
    const stream = session.request({ ':path': path });
    stream.on('error', () => {});
    stream.on('close', () => {
      session.close();
      resolve();
    });
    stream.resume();
    stream.end();
  });
}

/** The candidate answers INTERNAL to every call. */
const ill: Fault = {
  kind: 'candidate ill',
  group: 'pod',
  strike: async ({ pods, course }) => {
    const struck = pods.filter(({ version }) => version === course.candidate);
    await Promise.all(struck.map((pod) => tell(pod, '/ill')));
    const heal = async () => {
      await Promise.all(struck.map((pod) => tell(pod, '/well')));
    };
    return { what: course.candidate, excuses: 'all', heal };
  },
};

export const MODEL_FAULTS: readonly Fault[] = [ill];
