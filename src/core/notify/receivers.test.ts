import { describe, expect, it } from 'vitest';
import { readSpecs } from '../api/read-specs.ts';
import { indexSpecs } from '../decide/spec-index.ts';
import type { DecisionRecord } from '../status/status.ts';
import { noticeOf } from './notice.ts';
import { NOON, recovered, tripped } from './notice-fixture.ts';
import { allReceivers, receiversOf } from './receivers.ts';

const SPECS = `apiVersion: penstock.dev/v1alpha1
kind: ModelService
metadata: {name: fraud}
spec:
  port: 9000
  versions:
  - {name: v1, endpoints: {static: [{address: 127.0.0.1, port: 1}]}}
  - {name: v2, endpoints: {static: [{address: 127.0.0.1, port: 2}]}}
---
apiVersion: penstock.dev/v1alpha1
kind: ModelRollout
metadata: {name: fraud-v2}
spec:
  targetRef: {name: fraud}
  stable: v1
  candidate: v2
  strategy: {steps: [{setWeight: 100}]}
  analysis:
    webhooks:
    - {type: on-event, url: "http://rollout"}
    - {type: confirm-step, url: "http://asked"}
    - {type: on-event, url: "http://both"}
---
apiVersion: penstock.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: fraud}
spec:
  targetRef: {name: fraud}
  webhooks:
  - {url: "http://policy"}
  - {url: "http://both"}
  - {url: "http://pager", format: pagerduty, secret: {env: KEY}}
  - {url: "http://urgent", minimumSeverity: critical}
`;
const specs = indexSpecs(readSpecs([{ file: 'a', text: SPECS }]).objects);

function toldOf(change: Partial<DecisionRecord>, of = tripped()): readonly string[] {
  return receiversOf(noticeOf({ ...of, at: NOON, ...change }), specs).map(({ hook }) => hook.url.slice(7));
}

describe('told are', () => {
  it.each<[string, Partial<DecisionRecord>, readonly string[]]>([
    ['of a trip, the policy’s', {}, ['policy', 'both', 'pager', 'urgent']],
    ['of a recovery, all who were told of the trip', recovered(), ['policy', 'both', 'pager', 'urgent']],
    [
      'of a probe, those who want to know everything',
      { reason: 'Probing', change: { before: 'OPEN', after: 'HALF_OPEN' } },
      ['policy', 'both'],
    ],
    [
      'of a warning, those who want at least warnings',
      { reason: 'ErrorsRising', change: undefined },
      ['policy', 'both', 'pager'],
    ],
    [
      'of a warning in the very look that trips, those who want at least warnings',
      { reason: 'ErrorsRising' },
      ['policy', 'both', 'pager'],
    ],
    [
      'of a step, the rollout’s, not those who are asked',
      { subject: 'Rollout/default/fraud-v2', reason: 'Step2', change: undefined },
      ['rollout', 'both'],
    ],
    [
      'of what a person asked of the rollout, the rollout’s',
      { subject: 'Rollout/default/fraud-v2', service: '', reason: 'AskedPause', change: undefined },
      ['rollout', 'both'],
    ],
    [
      'of the kill switch, everybody, each once',
      { subject: 'Penstock', service: '', reason: 'FreezeOn', change: undefined },
      ['rollout', 'both', 'policy', 'pager'],
    ],
    ['of an unknown service, nobody', { service: 'default/other' }, []],
  ])('%s', (_, change, urls) => {
    expect(toldOf(change)).toEqual(urls);
  });
});

it('everybody whom any spec names is listed once', () => {
  expect(allReceivers(specs).map(({ hook }) => hook.url)).toEqual([
    'http://rollout',
    'http://both',
    'http://policy',
    'http://pager',
    'http://urgent',
  ]);
});
