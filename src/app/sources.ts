import type { Logger } from 'pino';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import { EndpointDiscovery, type PodSource } from '../discovery/endpoint-discovery.ts';
import { SignalObserver } from '../signals/observer.ts';
import { readSpecFiles } from '../specs/spec-files.ts';
import { openPrometheus } from './prometheus-client.ts';
import type { ServeOptions } from './serve-options.ts';
import type { SpecsInForce } from './specs-in-force.ts';

// What the control plane reads: specs, signals, endpoints.

/** The specs cannot be put in force at the start; the message has a line for each problem. */
class SpecsRefused extends Error {
  override readonly name = 'SpecsRefused';
}

/** Load reports, pushed latencies, and Prometheus where there is one. */
export function openSignals(options: ServeOptions): SignalObserver {
  const { prometheus: url } = options;
  return new SignalObserver({ prometheus: url === undefined ? undefined : openPrometheus(url, options) });
}

/** @throws SpecsRefused when they are not valid */
export async function firstSpecs(
  specs: SpecsInForce,
  files: readonly string[],
  log: Logger,
): Promise<SpecIndex> {
  const reading = await readSpecFiles(files);
  const index = specs.take(reading, Date.now());
  if (index === undefined)
    throw new SpecsRefused(`the specs are not valid, nothing was started\n${reading.problems.join('\n')}`);
  for (const warning of reading.problems) log.warn(warning);
  return index;
}

/** The token is read from the environment, where Consul's own programs look for it. */
export function openDiscovery({ consul }: ServeOptions, pods: PodSource | undefined): EndpointDiscovery {
  if (consul === undefined) return new EndpointDiscovery({ pods });
  const url = consul.includes('://') ? consul : `http://${consul}`;
  const token = process.env.CONSUL_HTTP_TOKEN;
  return new EndpointDiscovery({ pods, consul: { url, ...(token === undefined ? {} : { token }) } });
}
