import { closedBreaker } from '../policy/breaker/decide-breaker.ts';
import { NEW_GATES } from '../policy/rollout/gate-memory.ts';
import { learnDispersion, NO_DISPERSION } from '../stats/dispersion.ts';
import { NEW_OVERFLOW } from './decide-overflow.ts';
import type { ServiceState } from './service-look.ts';

/** A state in which every policy has something to remember. */
export const LIVED_STATE: ServiceState = {
  rollout: {
    name: 'fraud-v2',
    startedAt: 1000,
    state: {
      phase: 'Progressing',
      phaseSinceMs: 1000,
      reason: 'Step1',
      message: 'step 1',
      identity: '[]',
      plan: '[]',
      stage: 0,
      candidateWeight: 500,
      revision: 1,
      attempt: 0,
      traffic: JSON.stringify({ weights: [{ version: 'v1', weight: 10_000 }], salt: 'a' }),
      pausedByCommand: false,
      pullBacks: 0,
      timers: { lastMs: 1, warmMs: 1, stageMs: 1, stagnantMs: 1, unacknowledgedMs: 1, bakingMs: 1 },
      gates: {
        errors: { spec: '{}', state: NEW_GATES.ErrorRate, verdict: 'insufficient', log10M: -1, blindMs: 0 },
        p95: { spec: '{}', state: NEW_GATES.Latency, verdict: 'pass', log10M: -1, blindMs: 0 },
      },
      conditions: [],
    },
  },
  shelved: undefined,
  breaker: { ...closedBreaker(1000), window: { slotMs: 1000, slots: [{ startMs: 0, sums: [1, 2] }] } },
  breakerTrips: 3,
  balance: { v1: { lastMs: 1000, endpoints: {}, published: { '127.0.0.1:9101': 0.5 } } },
  overflow: { v1: { ...NEW_OVERFLOW, share: 0.4, published: 0.4 } },
  limits: { lastMs: 1000, demand: { a: 10 }, limits: {} },
  demand: {
    lastMs: 1000,
    versions: { v1: { offered: 100, knownMs: 1000, replicas: 2 } },
    endpoints: { '127.0.0.1:9101': { sinceMs: 0, served: 50 } },
  },
  workload: {
    relieved: 0.05,
    baseline: 4,
    candidate: { version: 'v2', needed: 2, allowed: 1 },
    letGo: { v0: { dueMs: 1000, done: false } },
    told: { v2: 'at least 1 of the 2 replicas for its next stage' },
  },
  interlocks: { trialBreaker: closedBreaker(1000), breakerHeldMs: 10, deratedAtMs: 20 },
  failureDispersion: learnDispersion(NO_DISPERSION, { requests: 90, failures: 3 }, 1000),
};
