import { type GateMemory, NEW_GATES } from '../policy/rollout/gate-memory.ts';
import type { RolloutPhase, RolloutState } from '../policy/rollout/state.ts';
import { hasShape } from './has-shape.ts';

const PHASES: Readonly<Record<RolloutPhase, true>> = {
  Pending: true,
  Warming: true,
  Progressing: true,
  Paused: true,
  Frozen: true,
  Holding: true,
  Promoting: true,
  Baking: true,
  Completed: true,
  RollingBack: true,
  RolledBack: true,
  Superseded: true,
};

const EXAMPLE: RolloutState = {
  phase: 'Pending',
  phaseSinceMs: 0,
  reason: '',
  message: '',
  identity: '',
  plan: '',
  stage: -1,
  candidateWeight: 0,
  revision: 0,
  attempt: 0,
  traffic: '',
  pausedByCommand: false,
  pullBacks: 0,
  timers: { lastMs: 0, warmMs: 0, stageMs: 0, stagnantMs: 0, unacknowledgedMs: 0, bakingMs: 0 },
  gates: {},
  conditions: [],
};

/** Whether a rollout can go on from what was read back; of its gates nothing is asked. */
export function isRolloutState(value: unknown): value is RolloutState {
  const withoutGates = typeof value === 'object' ? { ...value, gates: {} } : value;
  return (
    hasShape(withoutGates, EXAMPLE) &&
    Object.hasOwn(PHASES, withoutGates.phase) &&
    isTraffic(withoutGates.traffic)
  );
}

/** Whether a gate can go on from what was read back. */
export function isGateMemory(value: unknown): value is GateMemory {
  if (typeof value !== 'object' || value === null || !('state' in value)) return false;
  const type = hasShape(value.state, { type: '' }) ? value.state.type : '';
  const state = Object.entries(NEW_GATES).find(([known]) => known === type)?.[1];
  return state !== undefined && hasShape(value, { spec: '', state, verdict: '', log10M: 0, blindMs: 0 });
}

/** What a rollout had published: where requests go while it is not looked at. */
function isTraffic(text: string): boolean {
  try {
    const { weights, salt } = JSON.parse(text);
    return typeof salt === 'string' && Array.isArray(weights) && weights.every(isWeight);
  } catch {
    return false;
  }
}

function isWeight(value: unknown): boolean {
  return hasShape(value, { version: '', weight: 0 });
}
