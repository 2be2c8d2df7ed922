import { knownValue } from '../observation/reading.ts';
import type { ServiceLook } from './service-look.ts';

/** Requests a second that are offered to each inbound sidecar, by node id; a missing one is not known. */
export type SidecarDemand = ReadonlyMap<string, number>;

/** Demand is compared between sidecars, and every new share refills a bucket: it is better late than noisy. */
const HALF_LIFE_MS = 5_000;

/**
 * What is offered, admitted or not: what callers' sidecars sent to the address of an inbound sidecar, or what that
 * let through where it is more (callers without a sidecar).
 */
export function offeredPerSecond(look: ServiceLook, elapsedMs: number): SidecarDemand {
  const sent = new Map<string, number>();
  for (const { endpoints } of look.observation.versions.values()) {
    for (const { address, requests } of endpoints) {
      const counts = knownValue(requests);
      if (counts === undefined || elapsedMs === 0) continue;
      const begun = counts.requests + (counts.abandoned ?? 0);
      sent.set(address, (sent.get(address) ?? 0) + (1000 * begun) / elapsedMs);
    }
  }
  return new Map(
    look.inbound.flatMap(({ id, address, servedPerSecond }) => {
      const known = [sent.get(address), servedPerSecond].filter((rate) => rate !== undefined);
      return known.length === 0 ? [] : [[id, Math.max(...known)] as const];
    }),
  );
}

/**
 * Of its share, what a sidecar must use to be taken for one that would use more, and how much more: at a demand of 10 to 1
 * over eight sidecars 97 % of the limit is used so, 94 % without, and less with more, where shares begin to swing.
 */
const USED_UP = 0.95;
const HUNGRY = 1.3;

/**
 * The demand by which a share is decided. Of callers without a sidecar only what is let through is known: who has used
 * up a share wants more, and by the share alone all of them would end up with equal ones.
 * @param published the share in force
 */
export function hungryDemand(
  look: ServiceLook,
  address: string,
  demand: number,
  published: number | undefined,
): number {
  if (published === undefined || demand < USED_UP * published || isSeenByCallers(look, address))
    return demand;
  return Math.max(demand, HUNGRY * published);
}

function isSeenByCallers({ observation }: ServiceLook, address: string): boolean {
  return [...observation.versions.values()].some(({ endpoints }) =>
    endpoints.some((each) => each.address === address && (knownValue(each.requests)?.requests ?? 0) > 0),
  );
}

/** What is offered of a limit's own calls; undefined where no sidecar tells. */
export function offeredToLimit(look: ServiceLook, limit: string): SidecarDemand | undefined {
  const known = look.inbound.flatMap(({ id, limits }) => {
    const load = limits?.[limit];
    return load === undefined ? [] : [[id, load.offeredPerSecond] as const];
  });
  return known.length === 0 ? undefined : new Map(known);
}

/** A look more; what is not known stays as it was, and who is gone is forgotten. */
export function smoothDemand(
  before: Readonly<Record<string, number>>,
  now: SidecarDemand,
  inbound: ServiceLook['inbound'],
  elapsedMs: number,
): Readonly<Record<string, number>> {
  const kept = 2 ** (-elapsedMs / HALF_LIFE_MS);
  return Object.fromEntries(
    inbound.flatMap(({ id }) => {
      const rate = now.get(id) ?? before[id];
      if (rate === undefined) return [];
      const last = before[id] ?? rate;
      return [[id, kept * last + (1 - kept) * rate]];
    }),
  );
}
