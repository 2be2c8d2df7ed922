import { useState } from 'preact/hooks';
import { mesh, trails } from '../state/app-state.ts';
import type { Trail } from '../state/trails.ts';

/** The recent past of a rollout or a service; redraws the caller with each event. */
export function useTrail(kind: 'rollout' | 'service', key: string): Trail {
  const [, redraw] = useState(0);
  mesh.updatedAt.value;
  return trails.open(kind, key, () => redraw((count) => count + 1));
}
