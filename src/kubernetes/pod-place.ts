/** The part of a ModelService that names pods of the cluster, completed from the object that it stands in. */
export interface PodPlace {
  readonly namespace: string;
  /** A Service whose EndpointSlices are followed. */
  readonly service?: string | undefined;
  /** Labels that the pods carry; beside `service` both must fit. */
  readonly selector?: Readonly<Record<string, string>> | undefined;
  /** Number or name. */
  readonly port: number | string;
}

/** An address that pods are reached at. */
export interface PodAddress {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly zone: string;
  readonly tier: number;
}

/** What is kept of a pod. */
export interface PodFacts {
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Of its containers, by name. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What is kept of an EndpointSlice. */
export interface SliceFacts {
  readonly service: string;
  /** By name; the empty name is that of the only port. */
  readonly ports: Readonly<Record<string, number>>;
  readonly endpoints: readonly SliceEndpoint[];
}

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly zone: string;
  /** Name of the pod, where there is one. */
  readonly pod: string | undefined;
}

interface Found extends PodAddress {
  readonly ready: boolean;
}

/**
 * Where the instances of a place are now. Ready ones; where none is ready, those that still serve while they end
 * (what kube-proxy does, KEP-1669). Sorted, so that equal states give equal answers.
 *
 * @param pods of the namespace, by name
 * @param slices of the namespace
 */
export function addressesOf(
  place: PodPlace,
  pods: ReadonlyMap<string, PodFacts>,
  slices: Iterable<SliceFacts>,
): readonly PodAddress[] {
  const found = place.service === undefined ? ofPods(place, pods, slices) : ofSlices(place, pods, slices);
  const ready = found.filter((each) => each.ready);
  const unique = new Map(
    (ready.length > 0 ? ready : found).map(({ ready: _, ...each }) => [`${each.address} ${each.port}`, each]),
  );
  return [...unique.values()].sort((a, b) =>
    a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port,
  );
}

/** Whether the labels have all that is selected by. */
export function fits(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

function ofSlices(
  { service, selector, port }: PodPlace,
  pods: ReadonlyMap<string, PodFacts>,
  slices: Iterable<SliceFacts>,
): readonly Found[] {
  const found: Found[] = [];
  for (const slice of slices) {
    if (slice.service !== service) continue;
    const number = portOf(port, slice.ports);
    if (number === undefined) continue;
    for (const endpoint of slice.endpoints) {
      if (!endpoint.ready && !(endpoint.serving && endpoint.terminating)) continue;
      if (selector !== undefined && !fits(selector, pods.get(endpoint.pod ?? '')?.labels ?? {})) continue;
      for (const address of endpoint.addresses)
        found.push({ ...located(address, number, endpoint.zone), ready: endpoint.ready });
    }
  }
  return found;
}

function ofPods(
  { selector = {}, port }: PodPlace,
  pods: ReadonlyMap<string, PodFacts>,
  slices: Iterable<SliceFacts>,
): readonly Found[] {
  const matching = [...pods].filter(
    ([, pod]) => pod.address !== '' && pod.ready && fits(selector, pod.labels),
  );
  if (matching.length === 0) return [];
  const zones = zonesOf(slices);
  return matching.flatMap(([name, pod]) => {
    const number = portOf(port, pod.ports);
    if (number === undefined) return [];
    return [{ ...located(pod.address, number, zones.get(name) ?? ''), ready: !pod.terminating }];
  });
}

/** Only slices tell the zone of a pod. */
function zonesOf(slices: Iterable<SliceFacts>): ReadonlyMap<string, string> {
  const zones = new Map<string, string>();
  for (const { endpoints } of slices)
    for (const { pod, zone } of endpoints) if (pod !== undefined && zone !== '') zones.set(pod, zone);
  return zones;
}

function located(address: string, port: number, zone: string): PodAddress {
  return { address, port, weight: 1, zone, tier: 0 };
}

/** A name that nobody has is no port. */
function portOf(wanted: number | string, ports: Readonly<Record<string, number>>): number | undefined {
  return typeof wanted === 'number' ? wanted : ports[wanted];
}
