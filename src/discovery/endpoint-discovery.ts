import type { ModelService, ServiceVersion } from '../core/api/model-service.ts';
import type { DiscoveredEndpoint } from '../core/assemble/assemble-endpoints.ts';
import { type ConsulOptions, followConsul } from './consul-source.ts';
import { type DnsOptions, followDns } from './dns-source.ts';
import type { Follower, FoundEndpoint } from './found-endpoint.ts';

export interface DiscoveryOptions {
  readonly dns?: DnsOptions;
  /** Undefined: no Consul is known, and a spec that names one is told so. */
  readonly consul?: ConsulOptions | undefined;
}

/** A source that cannot tell, and since when. What it told last stays in force. */
export interface DiscoveryProblem {
  /** `dns fraud.example:9000` */
  readonly source: string;
  readonly since: number;
  readonly message: string;
}

interface Followed {
  readonly stop: () => void;
  found: readonly FoundEndpoint[];
  problem: DiscoveryProblem | undefined;
}

interface SourceOf {
  /** Equal sources of several versions are followed once. */
  readonly key: string;
  readonly name: string;
  readonly priority: number;
  readonly follow: (follower: Follower) => () => void;
}

/** Endpoints that specs do not write down, followed wherever they are. */
export class EndpointDiscovery {
  readonly #options: DiscoveryOptions;
  readonly #followed = new Map<string, Followed>();
  #onChange: () => void = () => {};

  constructor(options: DiscoveryOptions = {}) {
    this.#options = options;
  }

  /** Follows the sources of these services from now on, and others no more; `onChange` when one finds others. */
  watch(services: readonly ModelService[], onChange: () => void): void {
    this.#onChange = onChange;
    const wanted = new Map(
      services.flatMap(({ spec }) =>
        spec.versions.flatMap((version) => this.#sourcesOf(version).map((source) => [source.key, source])),
      ),
    );
    for (const [key, { stop }] of this.#followed) {
      if (wanted.has(key)) continue;
      stop();
      this.#followed.delete(key);
    }
    for (const source of wanted.values()) if (!this.#followed.has(source.key)) this.#follow(source);
  }

  /** By version; empty for versions of which nothing is known yet. */
  endpointsOf(service: ModelService): ReadonlyMap<string, readonly DiscoveredEndpoint[]> {
    return new Map(
      service.spec.versions.map((version) => {
        const found = this.#sourcesOf(version).flatMap(({ key, priority }) =>
          (this.#followed.get(key)?.found ?? []).map((endpoint) => discovered(endpoint, priority)),
        );
        return [version.name, unite(found)];
      }),
    );
  }

  /** Sources that cannot tell now. */
  problems(): readonly DiscoveryProblem[] {
    return [...this.#followed.values()].flatMap(({ problem }) => problem ?? []);
  }

  close(): void {
    for (const { stop } of this.#followed.values()) stop();
    this.#followed.clear();
  }

  #follow({ key, name, follow }: SourceOf): void {
    const follower: Follower = {
      found: (found) => {
        const followed = this.#followed.get(key);
        if (followed === undefined) return;
        followed.problem = undefined;
        if (JSON.stringify(found) === JSON.stringify(followed.found)) return;
        followed.found = found;
        this.#onChange();
      },
      failed: (message) => {
        const followed = this.#followed.get(key);
        if (followed)
          followed.problem = { source: name, since: followed.problem?.since ?? Date.now(), message };
      },
    };
    const followed: Followed = { found: [], problem: undefined, stop: () => stop() };
    this.#followed.set(key, followed);
    const stop = follow(follower);
  }

  #sourcesOf({ endpoints: { dns, consul } }: ServiceVersion): readonly SourceOf[] {
    const sources: SourceOf[] = [];
    if (dns) {
      sources.push({
        key: JSON.stringify(['dns', dns.name, dns.port, dns.interval]),
        name: `dns ${dns.name}:${dns.port}`,
        priority: dns.priority,
        follow: (follower) => followDns(dns, this.#options.dns ?? {}, follower),
      });
    }
    if (consul) {
      sources.push({
        key: JSON.stringify(['consul', consul.service, consul.tag, consul.datacenter]),
        name: `consul ${consul.service}`,
        priority: consul.priority,
        follow: (follower) => {
          if (this.#options.consul) return followConsul(consul, this.#options.consul, follower);
          follower.failed('no Consul agent is known (CONSUL_HTTP_ADDR)');
          return () => {};
        },
      });
    }
    return sources;
  }
}

function discovered(
  { address, port, weight, zone, tier }: FoundEndpoint,
  priority: number,
): DiscoveredEndpoint {
  return { address, port, weight, zone, priority: priority + tier, backup: false, health: 'healthy' };
}

/** An instance that two sources name is one, as the first names it. */
function unite(endpoints: readonly DiscoveredEndpoint[]): readonly DiscoveredEndpoint[] {
  const byAddress = new Map<string, DiscoveredEndpoint>();
  for (const endpoint of endpoints) {
    const key = `${endpoint.address}:${endpoint.port}`;
    if (!byAddress.has(key)) byAddress.set(key, endpoint);
  }
  return [...byAddress.values()];
}
