import { describe, expect, it } from 'vitest';
import { InboundSidecars } from './inbound-sidecars.ts';

const node = (id: string, penstock: Record<string, unknown>) => ({
  id,
  cluster: 'penstock',
  userAgent: 'envoy',
  zone: '',
  metadata: { penstock },
});
const inbound = (id: string, address = '10.0.0.1') =>
  node(id, {
    kind: 'inbound',
    service: 'default/fraud',
    version: 'v1',
    address,
    port: 15_006,
    appPort: 9000,
  });

describe('connected inbound sidecars', () => {
  it.each([
    ['by the address that they listen on', '10.0.0.1', '10.0.0.1:15006'],
    ['by their own address where they listen on all', '0.0.0.0', '192.0.2.7:15006'],
  ])('are known %s', (_, address, expected) => {
    const sidecars = new InboundSidecars();
    sidecars.connected(inbound('a', address), '192.0.2.7:40000');
    expect(sidecars.of('default/fraud')).toEqual([{ id: 'a', address: expected }]);
    expect(sidecars.of('default/other')).toEqual([]);
  });
  it('are told once, and are gone with their last stream', () => {
    const sidecars = new InboundSidecars();
    expect(sidecars.connected(inbound('a'), '')).toBe(true);
    expect(sidecars.connected(inbound('a'), '')).toBe(false);
    expect(sidecars.disconnected(inbound('a'))).toBe(false);
    expect(sidecars.of('default/fraud')).toHaveLength(1);
    expect(sidecars.disconnected(inbound('a'))).toBe(true);
    expect(sidecars.of('default/fraud')).toEqual([]);
  });
  it.each([
    ['callers', { kind: 'outbound', address: '127.0.0.1', port: 15_001 }],
    ['what nobody can read', { kind: 'inbound' }],
  ])('are not %s', (_, metadata) => {
    const sidecars = new InboundSidecars();
    expect(sidecars.connected(node('a', metadata), '')).toBe(false);
    expect(sidecars.disconnected(node('a', metadata))).toBe(false);
  });
});
