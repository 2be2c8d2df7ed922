import { stringify } from 'yaml';
import type { ModelRolloutInput } from '../core/api/model-rollout.ts';
import type { ModelServiceInput } from '../core/api/model-service.ts';
import type { TrafficPolicyInput } from '../core/api/traffic-policy.ts';
import { FALLBACK_SERVICE, type Layout, NAMESPACE, SERVICE } from './layout.ts';

const API_VERSION = 'penstock.dev/v1alpha1';

/** Rate that each inbound sidecar lets one client address have. */
export const LIMIT_PER_SIDECAR = 80;

/** A candidate for the service, with the steps by which it is to take over. */
export interface RolloutWish {
  readonly name: string;
  readonly stable: string;
  readonly candidate: string;
  readonly weights: readonly number[];
  readonly pause: string;
}

/** The demo's specs as one YAML text, with at most one rollout. */
export function demoSpecs(layout: Layout, rollout: RolloutWish | undefined): string {
  const objects = [
    digits(layout),
    lite(layout),
    policy(),
    ...(rollout === undefined ? [] : [rolloutObject(rollout)]),
  ];
  return objects.map((each) => stringify(each)).join('---\n');
}

function endpointsOf(layout: Layout, service: string, version: string) {
  const instances = layout.instances.filter((each) => each.service === service && each.version === version);
  return { static: instances.map((each) => ({ address: '127.0.0.1', port: each.port })) };
}

function digits(layout: Layout): ModelServiceInput {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelService',
    metadata: { name: SERVICE, namespace: NAMESPACE },
    spec: {
      port: 9000,
      versions: ['v1', 'v2', 'v3', 'v4'].map((name) => ({
        name,
        endpoints: endpointsOf(layout, SERVICE, name),
      })),
      defaultVersion: 'v1',
      stickiness: [{ header: 'x-user-id' }],
      timeouts: { connect: '2s', request: '5s' },
    },
  };
}

function lite(layout: Layout): ModelServiceInput {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelService',
    metadata: { name: FALLBACK_SERVICE, namespace: NAMESPACE },
    spec: {
      port: 9000,
      model: SERVICE,
      versions: [
        { name: 'v1', modelVersion: 'lite', endpoints: endpointsOf(layout, FALLBACK_SERVICE, 'v1') },
      ],
    },
  };
}

function policy(): TrafficPolicyInput {
  return {
    apiVersion: API_VERSION,
    kind: 'TrafficPolicy',
    metadata: { name: SERVICE, namespace: NAMESPACE },
    spec: {
      targetRef: { name: SERVICE },
      breaker: {
        requestVolumeThreshold: 20,
        errorThresholdPercent: 50,
        window: '5s',
        sleepWindow: '8s',
        halfOpen: { percent: 10, minRequests: 10 },
        recovery: { steps: [50, 100], minRequests: 20 },
        fallback: { service: FALLBACK_SERVICE },
      },
      balancing: {},
      rateLimits: [
        {
          name: 'per-client',
          per: [{ sourceIp: true }],
          requestsPerSecond: LIMIT_PER_SIDECAR,
          burst: LIMIT_PER_SIDECAR,
        },
      ],
    },
  };
}

function rolloutObject(wish: RolloutWish): ModelRolloutInput {
  return {
    apiVersion: API_VERSION,
    kind: 'ModelRollout',
    metadata: { name: wish.name, namespace: NAMESPACE },
    spec: {
      targetRef: { name: SERVICE },
      stable: wish.stable,
      candidate: wish.candidate,
      strategy: {
        steps: wish.weights.flatMap((setWeight) =>
          setWeight === 100 ? [{ setWeight }] : [{ setWeight }, { pause: { duration: wish.pause } }],
        ),
      },
      analysis: {
        interval: '500ms',
        warmUp: '0s',
        metrics: [
          { name: 'errors', type: 'ErrorRate', maxRatio: 2, thresholdRange: { max: 0.05 } },
          { name: 'p95', type: 'Latency', quantile: 0.95, maxRatio: 2, thresholdRange: { max: '500ms' } },
          { name: 'scores', type: 'ScoreShift', maxShift: 0.25 },
        ],
      },
      retention: '1h',
    },
  };
}
