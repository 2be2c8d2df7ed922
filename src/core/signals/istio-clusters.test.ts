import { describe, expect, it } from 'vitest';
import { underOwnNames } from './istio-clusters.ts';
import type { LoadReport } from './load-report.ts';

const names = new Map([['outbound|9000|v1|fraud.ml.svc.cluster.local', 'ml/fraud/v1']]);

function report(role: LoadReport['role'], cluster: string): LoadReport {
  return { nodeId: 'a', role, at: 0, intervalMs: 1000, clusters: [{ cluster, endpoints: [], dropped: 0 }] };
}

function clusterAfter(role: LoadReport['role'], cluster: string): string | undefined {
  return underOwnNames(report(role, cluster), names).clusters[0]?.cluster;
}

describe('underOwnNames', () => {
  it("calls the clusters of Istio's sidecars by our names", () => {
    expect(clusterAfter('istio', 'outbound|9000|v1|fraud.ml.svc.cluster.local')).toBe('ml/fraud/v1');
  });

  it('leaves clusters of other services as they are', () => {
    expect(clusterAfter('istio', 'outbound|80||web')).toBe('outbound|80||web');
  });

  it('leaves reports of other sidecars as they are', () => {
    const given = report('outbound', 'outbound|9000|v1|fraud.ml.svc.cluster.local');
    expect(underOwnNames(given, names)).toBe(given);
  });
});
