import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { followDns } from './dns-source.ts';
import type { FoundEndpoint } from './found-endpoint.ts';

type Rdata = readonly [type: 'A' | 'AAAA' | 'SRV', data: Buffer];
const TYPES = { A: 1, SRV: 33, AAAA: 28 };
const NAME_ERROR = 3;
const SERVER_FAILURE = 2;

/** A real DNS server on loopback; it knows what the test puts into `records`, by name. */
async function serveDns() {
  const zone = { records: new Map<string, readonly Rdata[]>(), broken: false, questions: 0 };
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    zone.questions++;
    socket.send(answerTo(query, zone), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { zone, servers: [`127.0.0.1:${socket.address().port}`] };
}

function answerTo(
  query: Buffer,
  zone: { records: ReadonlyMap<string, readonly Rdata[]>; broken: boolean },
): Buffer {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const records = zone.records.get(labels.join('.').toLowerCase());
  const code = zone.broken ? SERVER_FAILURE : records === undefined ? NAME_ERROR : 0;
  const answers = code === 0 ? (records ?? []).filter(([known]) => TYPES[known] === type) : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  const encoded = answers.map(([, data]) => {
    const fixed = Buffer.alloc(12);
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt16BE(data.length, 10);
    return Buffer.concat([fixed, data]);
  });
  return Buffer.concat([header, query.subarray(12, at + 5), ...encoded]);
}

const a = (address: string): Rdata => ['A', Buffer.from(address.split('.').map(Number))];
const aaaa = (last: number): Rdata => [
  'AAAA',
  Buffer.from([0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), last]),
];
const srv = (priority: number, weight: number, port: number, target: string): Rdata => {
  const fixed = Buffer.alloc(6);
  fixed.writeUInt16BE(priority, 0);
  fixed.writeUInt16BE(weight, 2);
  fixed.writeUInt16BE(port, 4);
  const name = target.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  return ['SRV', Buffer.concat([fixed, ...name, Buffer.from([0])])];
};

/** Follows a name and keeps what is told. */
function follow(name: string, servers: readonly string[]) {
  const told: { found: readonly FoundEndpoint[] | undefined; failures: string[] } = {
    found: undefined,
    failures: [],
  };
  const stop = followDns(
    { name, port: 9000, interval: 20 },
    { servers, timeoutMs: 200 },
    {
      found: (found) => {
        told.found = found;
      },
      failed: (message) => void told.failures.push(message),
    },
  );
  onTestFinished(stop);
  return told;
}

const plain = (address: string): FoundEndpoint => ({ address, port: 9000, weight: 1, zone: '', tier: 0 });

describe('a DNS source', () => {
  test('finds A and AAAA records, and follows them', async () => {
    const { zone, servers } = await serveDns();
    zone.records.set('fraud.example', [a('10.0.0.2'), a('10.0.0.1'), aaaa(7)]);
    const told = follow('fraud.example', servers);
    await vi.waitUntil(() => told.found, 10_000);
    expect(told.found).toEqual([plain('10.0.0.1'), plain('10.0.0.2'), plain('2001:db8::7')]);
    zone.records.set('fraud.example', [a('10.0.0.3')]);
    await vi.waitUntil(() => told.found?.[0]?.address === '10.0.0.3', 10_000);
    expect(told.failures).toEqual([]);
  });

  test('finds the targets of SRV records, with their ports, weights and tiers', async () => {
    const { zone, servers } = await serveDns();
    zone.records.set('_grpc._tcp.fraud.example', [
      srv(20, 0, 9001, 'b.example'),
      srv(10, 5, 9002, 'a.example'),
    ]);
    zone.records.set('a.example', [a('10.0.0.1')]);
    zone.records.set('b.example', [a('10.0.0.2')]);
    const told = follow('_grpc._tcp.fraud.example', servers);
    await vi.waitUntil(() => told.found, 10_000);
    expect(told.found).toEqual([
      { address: '10.0.0.1', port: 9002, weight: 5, zone: '', tier: 0 },
      { address: '10.0.0.2', port: 9001, weight: 1, zone: '', tier: 1 },
    ]);
  });

  test('keeps the last good answer while the server fails, and says so', async () => {
    const { zone, servers } = await serveDns();
    zone.records.set('fraud.example', [a('10.0.0.1')]);
    const told = follow('fraud.example', servers);
    await vi.waitUntil(() => told.found, 10_000);
    zone.broken = true;
    await vi.waitUntil(() => told.failures.length >= 5, 10_000);
    expect(told.found).toEqual([plain('10.0.0.1')]);
    expect(told.failures[0]).toBe('DNS cannot resolve fraud.example: the server fails');
  });

  test('believes that a name is gone when it is said three times in a row', async () => {
    const { zone, servers } = await serveDns();
    zone.records.set('fraud.example', [a('10.0.0.1')]);
    const told = follow('fraud.example', servers);
    await vi.waitUntil(() => told.found, 10_000);
    zone.records.delete('fraud.example');
    await vi.waitUntil(() => told.found?.length === 0, 10_000);
    expect(told.failures).toEqual([
      'DNS has no address of fraud.example',
      'DNS has no address of fraud.example',
    ]);
  });

  test('asks the system for names of the hosts file', async () => {
    const told: FoundEndpoint[][] = [];
    const stop = followDns(
      { name: 'localhost', port: 9000, interval: 60_000 },
      {},
      {
        found: (found) => void told.push([...found]),
        failed: (message) => expect.fail(message),
      },
    );
    onTestFinished(stop);
    await vi.waitUntil(() => told[0], 10_000);
    expect(told[0]?.map(({ address }) => address)).toContain('127.0.0.1');
  });

  test('stops when it is told to', async () => {
    const { zone, servers } = await serveDns();
    zone.records.set('fraud.example', [a('10.0.0.1')]);
    let found = 0;
    const stop = followDns(
      { name: 'fraud.example', port: 1, interval: 5 },
      { servers },
      { found: () => void found++, failed: () => {} },
    );
    await vi.waitUntil(() => found >= 2, 10_000);
    stop();
    const [asked, before] = [zone.questions, found];
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(found).toBe(before);
    expect(zone.questions).toBeLessThanOrEqual(asked + 2);
  });
});
