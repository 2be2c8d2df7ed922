import type { BreakerStatus, LimitStatus, RolloutStatus, ServiceStatus } from '../../core/status/status.ts';
import type { Reach, Reached, ReachOptions } from '../reach.ts';

/** What names are of: rollouts, or whatever can be explained. */
export type LiveKind = 'rollouts' | 'subjects';

/** The names that there are now; none where nobody answers in time. */
export type LiveNames = (kind: LiveKind, options: ReachOptions) => Promise<readonly string[]>;

/** Whoever presses TAB does not wait for longer. */
const TIMEOUT_MS = 1_000;

/** Names that a running control plane tells. What goes wrong is not said: a half-written line is no place for it. */
export function liveNames(reach: Reach): LiveNames {
  return async (kind, options) => {
    const fallback = kind === 'rollouts' ? [] : ['rollout/', 'breaker/', 'service/', 'balance/', 'limit/'];
    let reached: Reached | undefined;
    try {
      reached = await reach.open(options, TIMEOUT_MS);
      const names = kind === 'rollouts' ? await rollouts(reached) : await subjects(reached);
      return names.length > 0 ? names : fallback;
    } catch {
      return fallback;
    } finally {
      reached?.close?.();
    }
  };
}

async function rollouts({ client, namespace }: Reached): Promise<readonly string[]> {
  const all = await client.fetch<readonly RolloutStatus[]>('rollouts');
  return all.map((each) => (each.namespace === namespace ? each.name : `${each.namespace}/${each.name}`));
}

async function subjects(reached: Reached): Promise<readonly string[]> {
  const { client, namespace } = reached;
  const [names, services, breakers, limits] = await Promise.all([
    rollouts(reached),
    client.fetch<readonly ServiceStatus[]>('services'),
    client.fetch<readonly BreakerStatus[]>('breakers'),
    client.fetch<readonly LimitStatus[]>('limits'),
  ]);
  const written = (of: string, name: string) => (of === namespace ? name : `${of}/${name}`);
  return [
    ...names.map((name) => `rollout/${name}`),
    ...services.flatMap((each) =>
      ['service', 'balance'].map((kind) => `${kind}/${written(each.namespace, each.name)}`),
    ),
    ...new Set(breakers.map((each) => `breaker/${written(each.namespace, each.service)}`)),
    ...new Set(limits.map((each) => `limit/${written(each.namespace, each.service)}`)),
  ];
}
