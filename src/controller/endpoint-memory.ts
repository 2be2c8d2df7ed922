import type { ModelService } from '../core/api/model-service.ts';
import { type DiscoveredEndpoint, staticEndpoints } from '../core/assemble/assemble-endpoints.ts';
import { serviceKey } from '../core/decide/spec-index.ts';
import type { EndpointSource } from './ports.ts';

/** By version, as discovery told last. */
export type Discovered = Readonly<Record<string, readonly DiscoveredEndpoint[]>>;

/**
 * The endpoints of the specs and those that were discovered. While a source tells none, what it told last
 * stays, also over a restart: a version must not be emptied because nobody has answered yet.
 */
export class EndpointMemory {
  readonly #source: EndpointSource;
  readonly #discovered: Map<string, Discovered>;

  /** @param remembered what `entries` gave before a restart */
  constructor(source: EndpointSource, remembered: Iterable<readonly [string, Discovered]>) {
    this.#source = source;
    this.#discovered = new Map(remembered);
  }

  /** Endpoints of each version, by name. */
  of(service: ModelService): ReadonlyMap<string, readonly DiscoveredEndpoint[]> {
    const id = serviceKey(service);
    const found = this.#source.endpointsOf(service);
    const known: Record<string, readonly DiscoveredEndpoint[]> = {};
    const endpoints = service.spec.versions.map((version) => {
      const told = found.get(version.name) ?? [];
      const { dns, consul } = version.endpoints;
      const follows = dns !== undefined || consul !== undefined;
      const discovered =
        told.length > 0 || !follows ? told : (this.#discovered.get(id)?.[version.name] ?? []);
      if (discovered.length > 0) known[version.name] = discovered;
      return [version.name, [...staticEndpoints(version), ...discovered]] as const;
    });
    if (Object.keys(known).length > 0) this.#discovered.set(id, known);
    else this.#discovered.delete(id);
    return new Map(endpoints);
  }

  /** The same as `ADDRESS:PORT`. */
  addressesOf(service: ModelService): ReadonlyMap<string, readonly string[]> {
    return new Map(
      [...this.of(service)].map(([version, found]) => [
        version,
        found.map(({ address, port }) => `${address}:${port}`),
      ]),
    );
  }

  /** The addresses of the first tier of a version that has a second one, backups aside. */
  firstTiersOf(service: ModelService): ReadonlyMap<string, readonly string[]> {
    return new Map(
      [...this.of(service)].flatMap(([version, found]) => {
        const primaries = found.filter(({ backup }) => !backup);
        const first = Math.min(...primaries.map(({ priority }) => priority));
        if (primaries.every(({ priority }) => priority === first)) return [];
        const addresses = primaries.flatMap(({ priority, address, port }) =>
          priority === first ? [`${address}:${port}`] : [],
        );
        return [[version, addresses] as const];
      }),
    );
  }

  /** What another replica was told last, where nothing was told to this one yet. */
  remember(discovered: Iterable<readonly [string, Discovered]>): void {
    for (const [id, endpoints] of discovered)
      if (!this.#discovered.has(id)) this.#discovered.set(id, endpoints);
  }

  /** What is to be remembered, by service. */
  entries(): ReadonlyMap<string, Discovered> {
    return this.#discovered;
  }
}
