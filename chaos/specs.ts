/** Ports of the pods, two a version. */
export type PodPorts = Readonly<Record<'v1' | 'v2', readonly number[]>>;

export const HOST = 'fraud.default.svc.cluster.local';

/** Between two steps of a rollout. */
export const STEP_EVERY_MS = 2_000;

/** Which version follows which; the other way round once that is done. */
export interface Course {
  readonly stable: 'v1' | 'v2';
  readonly candidate: 'v1' | 'v2';
}

/**
 * The system's specs: a service with two versions, a rollout in small steps, and a breaker.
 * @param weights of the endpoints, in the order of the ports: other figures are other endpoints for the sidecars
 */
export function specsOf(ports: PodPorts, { stable, candidate }: Course, weights = 1): string {
  const versions = Object.entries(ports).map(([name, of]) => {
    const list = of.map((port) => `{address: 127.0.0.1, port: ${port}, weight: ${weights}}`);
    return `{name: ${name}, endpoints: {static: [${list.join(', ')}]}}`;
  });
  return `
apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [${versions.join(', ')}]
  stickiness: [{header: x-user-id}]
  timeouts: {connect: 1s, request: 3s}
  retries: {attempts: 2, on: [unavailable]}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-next}
spec:
  targetRef: {name: fraud}
  stable: ${stable}
  candidate: ${candidate}
  retention: 3s
  progressDeadline: 10m
  strategy: {linear: {start: 20, step: 20, every: ${STEP_EVERY_MS}ms, max: 100}}
  analysis:
    warmUp: 1s
    metrics: [{name: errors, type: ErrorRate, maxRatio: 10, thresholdRange: {max: 0.3}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  breaker:
    errorThresholdPercent: 60
    requestVolumeThreshold: 30
    sleepWindow: 1s
    halfOpen: {percent: 50, minRequests: 5}
    recovery: {steps: [100], minRequests: 5}
`;
}
