import { describe, expect, it } from 'vitest';
import { modelRolloutSchema } from '../api/model-rollout.ts';
import { modelServiceSchema } from '../api/model-service.ts';
import { decideRollout } from '../policy/rollout/decide-rollout.ts';
import type { RolloutDecision } from '../policy/rollout/decision.ts';
import type { RolloutPhase, RolloutState } from '../policy/rollout/state.ts';
import { NO_DISPERSION } from '../stats/dispersion.ts';
import { commandConflict } from './command-rules.ts';

describe('what may be asked in a phase', () => {
  it.each([
    ['promote', 'Paused', undefined],
    ['promote', 'Completed', /nothing left to promote/],
    ['pause', 'Progressing', undefined],
    ['pause', 'RolledBack', /nothing to pause/],
    ['resume', 'Frozen', undefined],
    ['resume', 'Progressing', /not held/],
    ['abort', 'Pending', undefined],
    ['abort', 'Completed', undefined],
    ['abort', 'RollingBack', /on its way/],
    ['retry', 'RolledBack', undefined],
    ['retry', 'Completed', /only a rolled-back/],
  ] as const)('%s while %s', (action, phase, expected) => {
    const conflict = commandConflict(action, phase);
    if (expected === undefined) expect(conflict).toBeUndefined();
    else expect(conflict).toMatch(expected);
  });
});

const PHASES: readonly RolloutPhase[] = [
  ...(['Pending', 'Warming', 'Progressing', 'Paused', 'Frozen', 'Holding'] as const),
  ...(['Promoting', 'Baking', 'Completed', 'RollingBack', 'RolledBack', 'Superseded'] as const),
];
const ACTIONS = ['promote', 'pause', 'resume', 'retry'] as const;

describe('what the policy refuses', () => {
  it.each(PHASES.flatMap((phase) => ACTIONS.map((action) => [action, phase] as const)))(
    '%s while %s is refused to the person too',
    (action, phase) => {
      const state = look(undefined).state;
      const { events } = look({ ...state, phase }, action);
      const refused = events.some(({ reason }) => reason === 'CommandRefused');
      if (refused) expect(commandConflict(action, phase)).toBeDefined();
      if (action === 'retry') expect(refused).toBe(phase !== 'RolledBack');
    },
  );
});

const metadata = { name: 'fraud', namespace: 'default' };
const header = { apiVersion: 'penstock.dev/v1alpha1', metadata };

/** One look at a rollout in a state, with a person's command. */
function look(state: RolloutState | undefined, action?: (typeof ACTIONS)[number]): RolloutDecision {
  const versions = ['v1', 'v2'].map((name) => ({
    name,
    endpoints: { static: [{ address: '127.0.0.1', port: 1 }] },
  }));
  const service = modelServiceSchema.parse({ ...header, kind: 'ModelService', spec: { port: 1, versions } });
  const rollout = modelRolloutSchema.parse({
    ...header,
    kind: 'ModelRollout',
    spec: {
      targetRef: { name: 'fraud' },
      stable: 'v1',
      candidate: 'v2',
      strategy: { steps: [{ setWeight: 10 }, { pause: {} }, { setWeight: 100 }] },
      analysis: { warmUp: '0s', metrics: [] },
    },
  });
  return decideRollout({
    rollout: 'fraud',
    spec: rollout.spec,
    service: service.spec,
    observation: { service: 'default/fraud', at: 1000, versions: new Map(), queries: new Map() },
    failureDispersion: NO_DISPERSION,
    acknowledged: { revision: 0, connected: 0, laggards: [] },
    commands:
      action === undefined ? [] : [action === 'promote' ? { type: action, full: false } : { type: action }],
    answers: new Map(),
    frozen: false,
    state,
    nowMs: 1000,
  });
}
