import { describe, expect, it } from 'vitest';
import { unavailable } from '../assemble/assemble-routing.ts';
import { TYPE_URL } from '../delta/type-urls.ts';
import type { NodeDescriptor } from '../ir/node.ts';
import { serviceIr } from './ir-fixture.ts';
import { inboundListenerName } from './names.ts';
import { firstUnreadable, whyNotServed } from './readable.ts';

const FRAUD = serviceIr({
  id: 'default/fraud',
  hosts: ['fraud'],
  routing: {
    breaker: {
      admitted: 10_000,
      bypass: [],
      fallback: { kind: 'cluster', cluster: 'default/lite/v1', label: 'lite' },
    },
  },
});
const RANKER = serviceIr({ id: 'default/ranker', hosts: ['ranker'] });
const BYPASSED = serviceIr({
  id: 'default/asr',
  versions: [{ name: 'v1' }],
  routing: {
    breaker: {
      admitted: 0,
      bypass: [{ headers: [], path: '/a', pathPrefix: undefined }],
      fallback: unavailable(''),
    },
  },
});
const SERVICES = [FRAUD, RANKER, BYPASSED];
const scope = {
  key: '',
  serves: ['default/fraud'],
  calls: ['default/fraud', 'default/asr'],
  nodes: ['fraud-*'],
};
const inbound = {
  kind: 'inbound',
  id: 'fraud-1',
  service: 'default/fraud',
  version: 'v1',
  address: '0.0.0.0',
  port: 9000,
  appPort: 9001,
} as const satisfies NodeDescriptor;
const outbound = { kind: 'outbound', address: '127.0.0.1', port: 15_001 } as const satisfies NodeDescriptor;

describe('what a node may ask for', () => {
  it.each([
    [outbound, 'cds', ['*'], undefined],
    [outbound, 'cds', ['default/fraud/v1', 'default/lite/v1'], undefined],
    [outbound, 'cds', ['default/ranker/v1'], 'default/ranker/v1'],
    [outbound, 'eds', ['default/asr/v1', 'bypass/default/asr/v1'], undefined],
    [outbound, 'eds', ['bypass/default/fraud/v1'], 'bypass/default/fraud/v1'],
    [outbound, 'eds', ['default/fraud/v1', 'default/ranker/v1'], 'default/ranker/v1'],
    [outbound, 'rds', ['default/fraud'], undefined],
    [outbound, 'rds', ['default/ranker'], 'default/ranker'],
    [outbound, 'srds', ['fraud:9000'], undefined],
    [outbound, 'srds', ['ranker:9000'], 'ranker:9000'],
    [outbound, 'lds', ['outbound/127.0.0.1:15001'], undefined],
    [outbound, 'lds', [inboundListenerName(inbound)], inboundListenerName(inbound)],
    [outbound, 'ecds', ['default/fraud/limits/0'], 'default/fraud/limits/0'],
    [outbound, 'rtds', ['penstock'], undefined],
    [{ kind: 'proxyless' }, 'lds', ['fraud:9000'], undefined],
    [{ kind: 'proxyless' }, 'lds', ['ranker:9000'], 'ranker:9000'],
    [inbound, 'lds', ['*', inboundListenerName(inbound)], undefined],
    [
      inbound,
      'lds',
      [inboundListenerName({ ...inbound, id: 'fraud-2' })],
      inboundListenerName({ ...inbound, id: 'fraud-2' }),
    ],
    [inbound, 'ecds', ['default/fraud/limits/0', 'default/fraud/limits/fraud-1/0'], undefined],
    [inbound, 'ecds', ['default/fraud/limits/fraud-2/0'], 'default/fraud/limits/fraud-2/0'],
    [inbound, 'ecds', ['default/fraud2/limits/0'], 'default/fraud2/limits/0'],
    [inbound, 'eds', ['default/fraud/v1'], 'default/fraud/v1'],
  ] as const)('%j %s %j', (node, type, names, refused) => {
    expect(firstUnreadable(scope, node as NodeDescriptor, SERVICES, TYPE_URL[type], names)).toBe(refused);
  });

  it.each([
    [inbound, 'fraud-1', undefined],
    [{ ...inbound, service: 'default/ranker' }, 'fraud-1', 'may not stand in front of default/ranker'],
    [inbound, 'ranker-1', 'may not use the node id "ranker-1"'],
    [outbound, 'fraud-1', undefined],
    [{ kind: 'istio' }, 'fraud-1', "is told of every service, as Istio's sidecars are; allow it to call */*"],
  ] as const)('%j as %s: %s', (node, id, why) => {
    expect(whyNotServed(scope, node as NodeDescriptor, id)).toBe(why);
  });
});
