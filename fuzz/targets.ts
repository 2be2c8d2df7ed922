import type { Target } from './target.ts';
import { ANSWER_TARGETS } from './targets/answers.ts';
import { CALL_TARGETS } from './targets/calls.ts';
import { CLUSTER_TARGETS } from './targets/cluster.ts';
import { IDENTITY_TARGETS } from './targets/identity.ts';
import { SPEC_TARGETS } from './targets/specs.ts';
import { STATE_TARGETS } from './targets/state.ts';
import { XDS_TARGETS } from './targets/xds.ts';

/** Every parser that faces the network or a file. */
export const TARGETS: readonly Target[] = [
  ...XDS_TARGETS,
  ...CALL_TARGETS,
  ...ANSWER_TARGETS,
  ...CLUSTER_TARGETS,
  ...IDENTITY_TARGETS,
  ...STATE_TARGETS,
  ...SPEC_TARGETS,
];
