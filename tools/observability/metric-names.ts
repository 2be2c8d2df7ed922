import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { createMetrics } from '../../src/app/metrics.ts';
import { registerStateGauges } from '../../src/app/state-gauges.ts';
import { modelServiceSchema } from '../../src/core/api/model-service.ts';
import { SERIES_FAMILIES } from '../../src/core/signals/service-series.ts';
import { sourceFiles } from '../check/sources.ts';

/** Envoy's own, beside those that the signals read. */
const ENVOY_NAMES = ['envoy_cluster_membership_healthy'] as const;

const NAME = /\b(?:penstock|model|nv|envoy|nodejs|process)_[a-z0-9_]+\b/g;
const LITERAL = /'((?:model|nv)_[a-z0-9_]+)'/g;
const HISTOGRAM_SUFFIXES = ['_bucket', '_sum', '_count'];

/**
 * The metric names of an expression that no code exports and no signal reads. Names in recording rules (`a:b:c`) are
 * known by the rules themselves.
 */
export function unknownNames(expression: string, known: (name: string) => boolean): readonly string[] {
  const labels = new Set(['envoy_cluster_name', 'envoy_response_code_class']);
  const found = expression.replaceAll(/[\w:]*:[\w:]*/g, '').match(NAME) ?? [];
  return [...new Set(found)].filter((name) => !labels.has(name) && !known(name));
}

/** Whether the code of the checkout exports, or reads, a metric of this name. */
export function knownNames(root: string): (name: string) => boolean {
  const names = new Set([...penstockNames(), ...modelServerNames(root), ...ENVOY_NAMES]);
  return (name) => names.has(name) || isReadBySignals(name);
}

function penstockNames(): readonly string[] {
  const { registry } = createMetrics();
  const nothing = () => [];
  registerStateGauges(registry, {
    controlPlane: { status: nothing as never, rollouts: nothing, breakers: nothing, sidecars: nothing },
    views: nothing,
  });
  return namesIn(registry);
}

function namesIn(registry: Registry): readonly string[] {
  return registry.getMetricsAsArray().flatMap((metric) => {
    const isHistogram = String((metric as { type?: unknown }).type) === 'histogram';
    return isHistogram ? HISTOGRAM_SUFFIXES.map((suffix) => metric.name + suffix) : [metric.name];
  });
}

/** As they stand in its source: those of GPUs are registered only where there is one. */
function modelServerNames(root: string): readonly string[] {
  const files = sourceFiles(root).filter((file) => file.startsWith('src/model-server/telemetry/'));
  const texts = files.map((file) => readFileSync(join(root, file), 'utf8'));
  const names = texts.flatMap((text) => [...text.matchAll(LITERAL)].map(([, name]) => name ?? ''));
  return names.flatMap((name) => [name, ...HISTOGRAM_SUFFIXES.map((suffix) => name + suffix)]);
}

function isReadBySignals(name: string): boolean {
  return (['grpc', 'http'] as const).some((protocol) => {
    const service = modelServiceSchema.parse({
      apiVersion: 'penstock.dev/v1alpha1',
      kind: 'ModelService',
      metadata: { name: 'any' },
      spec: {
        port: 1,
        protocol,
        versions: [{ name: 'v1', endpoints: { static: [{ address: '127.0.0.1', port: 1 }] } }],
      },
    });
    return SERIES_FAMILIES.some(({ query }) => {
      const pattern = /__name__=~"([^"]+)"/.exec(query(service, 60_000))?.[1];
      return pattern !== undefined && new RegExp(`^(?:${pattern})$`).test(name);
    });
  });
}
