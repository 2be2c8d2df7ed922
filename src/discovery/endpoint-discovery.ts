import type { ModelService, ServiceVersion } from '../core/api/model-service.ts';
import type { DiscoveredEndpoint } from '../core/assemble/assemble-endpoints.ts';
import { type ConsulOptions, followConsul } from './consul-source.ts';
import { type DnsOptions, followDns } from './dns-source.ts';
import type { Follower, FoundEndpoint } from './found-endpoint.ts';

export interface DiscoveryOptions {
  readonly dns?: DnsOptions;
  /** Undefined: no Consul is known, and a spec that names one is told so. */
  readonly consul?: ConsulOptions | undefined;
  /** Undefined: no cluster is known, and a spec that names pods is told so. */
  readonly pods?: PodSource | undefined;
}

/** What is asked of a cluster: the addresses of the pods that a place names. */
export interface PodSource {
  /** @returns stops following */
  follow(
    place: {
      readonly namespace: string;
      readonly service?: string | undefined;
      readonly selector?: Readonly<Record<string, string>> | undefined;
      readonly port: number | string;
    },
    follower: Follower,
  ): () => void;
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
  /** Of `endpoints` in the spec. */
  readonly field: 'dns' | 'consul' | 'kubernetes';
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
      services.flatMap((service) =>
        service.spec.versions.flatMap((version) =>
          this.#sourcesOf(service, version).map((source) => [source.key, source]),
        ),
      ),
    );
    for (const [key, { stop }] of this.#followed) {
      if (wanted.has(key)) continue;
      stop();
      this.#followed.delete(key);
    }
    for (const source of wanted.values()) if (!this.#followed.has(source.key)) this.#follow(source);
  }

  /**
   * By version; empty for versions of which nothing is known yet. An instance belongs to the version that names it first,
   * and a written address goes before a found one: behind two its share would be wrong.
   */
  endpointsOf(service: ModelService): ReadonlyMap<string, readonly DiscoveredEndpoint[]> {
    const owners = ownersOfStatic(service);
    return new Map(
      service.spec.versions.map((version, index) => [
        version.name,
        unite(this.#foundBy(service, version)).filter((endpoint) => {
          const owner = owners.get(addressOf(endpoint));
          if (owner === undefined) owners.set(addressOf(endpoint), { index, place: '' });
          return owner === undefined || (owner.index === index && owner.place === '');
        }),
      ]),
    );
  }

  /** Instances that two places of a service name, a line each with both places. */
  overlaps(service: ModelService): readonly string[] {
    const owners = ownersOfStatic(service);
    return service.spec.versions.flatMap((version, index) =>
      this.#sourcesOf(service, version).flatMap(({ key, field }) => {
        const place = `versions[${index}].endpoints.${field}`;
        return (this.#followed.get(key)?.found ?? []).flatMap((endpoint) => {
          const address = addressOf(endpoint);
          const owner = owners.get(address);
          if (owner === undefined) owners.set(address, { index, place });
          if (owner === undefined || owner.place === place) return [];
          return [`${address} is found by ${place}, and ${owner.place} has it already; each instance once`];
        });
      }),
    );
  }

  #foundBy(service: ModelService, version: ServiceVersion): readonly DiscoveredEndpoint[] {
    return this.#sourcesOf(service, version).flatMap(({ key, priority }) =>
      (this.#followed.get(key)?.found ?? []).map((endpoint) => discovered(endpoint, priority)),
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

  #sourcesOf(service: ModelService, { endpoints }: ServiceVersion): readonly SourceOf[] {
    const { dns, consul, kubernetes } = endpoints;
    const sources: SourceOf[] = [];
    if (dns) {
      sources.push({
        field: 'dns',
        key: JSON.stringify(['dns', dns.name, dns.port, dns.interval]),
        name: `dns ${dns.name}:${dns.port}`,
        priority: dns.priority,
        follow: (follower) => followDns(dns, this.#options.dns ?? {}, follower),
      });
    }
    if (consul) {
      sources.push({
        field: 'consul',
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
    if (kubernetes) {
      const { selector, service: name, priority } = kubernetes;
      const namespace = kubernetes.namespace ?? service.metadata.namespace;
      const place = { namespace, service: name, selector, port: kubernetes.port ?? service.spec.port };
      sources.push({
        field: 'kubernetes',
        key: JSON.stringify(['kubernetes', place]),
        name: `kubernetes ${namespace}/${name ?? JSON.stringify(selector)}`,
        priority,
        follow: (follower) => {
          if (this.#options.pods) return this.#options.pods.follow(place, follower);
          follower.failed('no cluster is known (serve --kubernetes)');
          return () => {};
        },
      });
    }
    return sources;
  }
}

interface Owner {
  /** Of the version. */
  readonly index: number;
  /** `versions[0].endpoints.static[1]`; empty: found. */
  readonly place: string;
}

/** Who has the addresses that the spec writes down. */
function ownersOfStatic({ spec }: ModelService): Map<string, Owner> {
  return new Map(
    spec.versions.flatMap(({ endpoints }, index) =>
      (endpoints.static ?? []).map((each, position) => [
        addressOf(each),
        { index, place: `versions[${index}].endpoints.static[${position}]` },
      ]),
    ),
  );
}

function addressOf({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address}:${port}`;
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
    const key = addressOf(endpoint);
    if (!byAddress.has(key)) byAddress.set(key, endpoint);
  }
  return [...byAddress.values()];
}
