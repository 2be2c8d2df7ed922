import type { TrafficPolicy } from '../core/api/traffic-policy.ts';
import type { InboundSidecar } from '../core/observation/inbound.ts';
import { countsByItself } from '../core/policy/limiter/counts-by-itself.ts';
import type { MeshPublisher } from './mesh-publisher.ts';
import type { InboundSource, SignalSource } from './ports.ts';

interface InboundPorts {
  readonly inbound: InboundSource;
  readonly signals: SignalSource;
  readonly publisher: MeshPublisher;
}

/** The sidecars in front of a service's model servers. Only limits ask for them: who has none is not asked. */
export function observeInbound(
  service: string,
  policy: TrafficPolicy | undefined,
  { inbound, signals, publisher }: InboundPorts,
  nowMs: number,
): readonly InboundSidecar[] {
  const limits = policy?.spec.rateLimits ?? [];
  if (limits.length === 0) return [];
  const divided = limits.some((each) => each.global);
  const counted = limits.filter((each) => countsByItself(each)).map(({ name }) => name);
  return inbound.of(service).map((each) => ({
    ...each,
    servedPerSecond: signals.servedBy(each.id, nowMs),
    limits: Object.fromEntries(
      counted.flatMap((limit) => {
        const load = signals.limitLoad(service, limit, each.id, nowMs);
        return load === undefined ? [] : [[limit, load]];
      }),
    ),
    acknowledged: each.acknowledged ?? (!divided || publisher.sharesAcknowledged(service, each.id)),
  }));
}
