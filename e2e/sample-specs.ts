const API = 'apiVersion: penstock.dev/v1alpha1';

/** A service with two versions; nothing listens at their endpoints. */
export function serviceSpec(name = 'fraud', more = ''): string {
  return `${API}
kind: ModelService
metadata: {name: ${name}}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: 9201}]}}
  stickiness: [{header: x-user-id}]
${more}`;
}

/** Steps that nobody but people leave. */
export const ROLLOUT = `${API}
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 5}, {pause: {}}, {setWeight: 25}, {pause: {}}, {setWeight: 100}]}
  retention: 1h
  analysis:
    interval: 200ms
    warmUp: 0s
    metrics: [{name: errors, type: ErrorRate, maxRatio: 2, thresholdRange: {max: 0.01}}]
`;

const POLICY = `${API}
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  breaker: {fallback: {response: {message: come back later}}}
  balancing: {}
  rateLimits: [{name: per-client, per: [{sourceIp: true}], requestsPerSecond: 100, burst: 200}]
`;

/** All of them in one file. */
export const SPECS = [serviceSpec(), ROLLOUT, POLICY].join('---\n');
