/** The gate that most rollouts have. */
export const errorsGate = {
  name: 'errors',
  type: 'ErrorRate',
  maxRatio: 2,
  thresholdRange: { max: 0.01 },
} as const;

/** Three steps without pauses, as fast as the evidence allows. */
export const steppedRollout = {
  strategy: { steps: [{ setWeight: 10 }, { setWeight: 50 }, { setWeight: 100 }] },
  analysis: { warmUp: '0s', metrics: [errorsGate] },
};

/** A tenth of the traffic until someone promotes. */
export const heldRollout = {
  ...steppedRollout,
  strategy: { steps: [{ setWeight: 10 }, { pause: {} }, { setWeight: 100 }] },
};
