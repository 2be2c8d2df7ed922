import { describe, expect, it } from 'vitest';
import type { NodeDescriptor } from '../ir/node.ts';
import { nodeMetadata, parseNodeMetadata } from './node-metadata.ts';

const inbound = {
  kind: 'inbound',
  service: 'default/fraud',
  version: 'v1',
  address: '0.0.0.0',
  port: 9101,
  appPort: 9001,
} as const satisfies NodeDescriptor;

describe('node metadata', () => {
  it.each<NodeDescriptor>([
    inbound,
    { ...inbound, accessLog: true, traced: 0.5 },
    { kind: 'outbound', address: '127.0.0.1', port: 15_001 },
    { kind: 'proxyless' },
  ])('of $kind is read back as it was written', (node) => {
    expect(parseNodeMetadata(nodeMetadata(node))).toEqual(node);
  });

  it("takes a node that says nothing for one of gRPC's own clients", () => {
    expect(parseNodeMetadata({ other: 1 })).toEqual({ kind: 'proxyless' });
  });

  it.each([
    [{ service: 'fraud', version: 'v1', port: 9101, appPort: 9001 }, inbound],
    [
      { service: 'ml/fraud', version: 'v1', port: 9101, appPort: 9001 },
      { ...inbound, service: 'ml/fraud' },
    ],
    [{}, { kind: 'outbound', address: '127.0.0.1', port: 15_001 }],
  ])('reads %j, written by hand, with what it leaves out', (penstock, node) => {
    expect(parseNodeMetadata({ penstock })).toEqual(node);
  });

  it.each([
    [[], 'node.metadata.penstock is no object; take the bootstrap from `penstock bootstrap`'],
    [{ kind: 'inbond' }, 'node.metadata.penstock.kind is "inbond"; inbound, outbound, istio or proxyless'],
    [
      { ...inbound, service: 'a/b/c' },
      'node.metadata.penstock.service is "a/b/c"; NAMESPACE/NAME, or NAME in the namespace default',
    ],
    [{ ...inbound, version: undefined }, 'node.metadata.penstock.version is missing; the name of a version'],
    [{ ...inbound, address: '' }, 'node.metadata.penstock.address is ""; an IP address to listen on'],
    [{ ...inbound, port: 0 }, 'node.metadata.penstock.port is 0; a port to listen on'],
    [{ ...inbound, appPort: '9001' }, `node.metadata.penstock.appPort is "9001"; the model server's port`],
    [{ ...inbound, traced: 101 }, 'node.metadata.penstock.traced is 101; a percentage above 0, at most 100'],
    [
      { kind: 'outbound', address: '', port: 1 },
      'node.metadata.penstock.address is ""; an IP address to listen on',
    ],
    [
      { kind: 'outbound', address: '::1', port: 65_536 },
      'node.metadata.penstock.port is 65536; a port to listen on',
    ],
  ])('says what is wrong with %j', (penstock, message) => {
    expect(parseNodeMetadata({ penstock })).toBe(message);
  });
});
