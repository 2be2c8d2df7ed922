import { parseDuration } from '../../src/core/api/duration.ts';
import { readSpecs } from '../../src/core/api/read-specs.ts';
import { parseAccessPolicy } from '../../src/core/security/access-policy.ts';
import { type Target, texts } from '../target.ts';

const SPECS = `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions: [{name: v1, endpoints: {static: [{address: 127.0.0.1, port: 9101}]}}]
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec: {targetRef: {name: fraud}, breaker: {preset: core, sleepWindow: 30s}}
`;

const POLICY = `rules:
- identity: spiffe://mesh.example/ns/default/sa/fraud
  serves: [default/fraud]
  nodes: [fraud-*]
- identity: spiffe://mesh.example/ns/shop/**
  calls: [default/fraud, ranking/*]
`;

/** What people write. */
export const SPEC_TARGETS: readonly Target[] = [
  {
    name: 'duration',
    seeds: texts('1h30m', '250ms'),
    read: (bytes) => void parseDuration(bytes.toString()),
    refuses: [],
  },
  {
    name: 'access-policy',
    seeds: texts(POLICY),
    read: (bytes) => void parseAccessPolicy('fuzz.yaml', bytes.toString()),
    refuses: ['PolicyRefused'],
  },
  {
    name: 'specs',
    seeds: texts(SPECS),
    read: (bytes) => void readSpecs([{ file: 'fuzz.yaml', text: bytes.toString() }]),
    refuses: [],
  },
];
