import { createRegistry, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { BootstrapSchema } from '../../gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import { MetricsServiceConfigSchema } from '../../gen/envoy/config/metrics/v3/metrics_pb.js';
import { DownstreamConnectionsConfigSchema } from '../../gen/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.js';
import { HttpProtocolOptionsSchema } from '../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
import { type BootstrapOptions, bootstrap } from './bootstrap.ts';

const options: BootstrapOptions = {
  nodeId: 'n1',
  node: { kind: 'outbound', address: '127.0.0.1', port: 15_001 },
  xds: { host: '127.0.0.1', port: 18_000 },
  adminAddress: '127.0.0.1',
  adminPort: 9901,
  loadReports: true,
};

function parse(given: BootstrapOptions) {
  const registry = createRegistry(
    HttpProtocolOptionsSchema,
    DownstreamConnectionsConfigSchema,
    MetricsServiceConfigSchema,
  );
  return fromJson(BootstrapSchema, bootstrap(given) as JsonValue, { registry });
}

describe('bootstrap', () => {
  it('is a bootstrap of Envoy: every field is one that it has', () => {
    expect(parse(options).node).toMatchObject({ id: 'n1', metadata: { penstock: options.node } });
  });

  it.each([
    ['127.0.0.1', 0],
    ['::1', 0],
    ['penstock.default.svc', 1],
  ])('finds the control plane at %s', (host, type) => {
    const cluster = parse({ ...options, xds: { host, port: 1 } }).staticResources?.clusters[0];
    expect(cluster?.clusterDiscoveryType).toEqual({ case: 'type', value: type });
  });

  it('reports load unless told not to', () => {
    expect(parse(options).clusterManager?.loadStatsConfig).toBeDefined();
    expect(parse({ ...options, loadReports: false }).clusterManager?.loadStatsConfig).toBeUndefined();
  });

  it('pushes statistics where it is told to', () => {
    expect(parse(options).statsSinks).toEqual([]);
    const [sink] = parse({ ...options, pushLatencies: true }).statsSinks;
    expect(sink?.name).toBe('envoy.stat_sinks.metrics_service');
  });

  it('calls from the address that was given', () => {
    const { clusterManager } = parse({ ...options, sourceAddress: '127.0.0.2' });
    expect(clusterManager?.upstreamBindConfig?.sourceAddress?.address).toBe('127.0.0.2');
  });
});
