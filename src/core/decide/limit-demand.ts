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
