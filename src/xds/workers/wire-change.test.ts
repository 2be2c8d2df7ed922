import { deserialize, serialize } from 'node:v8';
import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { TYPE_URL } from '../../core/delta/type-urls.ts';
import { ClusterSchema } from '../../gen/envoy/config/cluster/v3/cluster_pb.js';
import { RuntimeSchema } from '../../gen/envoy/service/runtime/v3/rtds_pb.js';
import { encodeResource } from '../codec.ts';
import { fromWire, toWire } from './wire-change.ts';

test('a change is the same after its way between processes, and carries the bytes of a resource once', () => {
  const cluster = encodeResource(
    ClusterSchema,
    create(ClusterSchema, { name: 'c', altStatName: 'x'.repeat(10_000) }),
  );
  const expiring = encodeResource(RuntimeSchema, create(RuntimeSchema, { name: 'values' }), 300);
  const change = {
    upsert: [cluster, expiring],
    remove: [{ typeUrl: TYPE_URL.rds, name: 'gone' }],
    views: [['all', { [TYPE_URL.cds]: new Set(['c']) }] as const],
    removeViews: ['old'],
  };
  const bytes = serialize(toWire(change));
  expect(bytes.length).toBeLessThan(11_500);
  const received = fromWire(deserialize(bytes));
  const plain = (frame: Uint8Array) => Buffer.from(frame).toString('hex');
  expect(
    Array.from(received.upsert ?? [], (r) => [r.name, r.version, plain(r.deltaFrame), plain(r.sotwFrame)]),
  ).toEqual(change.upsert.map((r) => [r.name, r.version, plain(r.deltaFrame), plain(r.sotwFrame)]));
  expect(received).toMatchObject({
    remove: change.remove,
    views: [['all', { [TYPE_URL.cds]: ['c'] }]],
    removeViews: ['old'],
  });
});
