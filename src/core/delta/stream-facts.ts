import type { Engine } from './engine.ts';
import type { Acknowledgement, Levels, StreamFacts, TypeFacts } from './facts.ts';
import type { ResourceKey } from './resource.ts';
import type { StreamState, Subscription, SubscriptionGroup } from './stream.ts';
import type { TypeUrl } from './type-urls.ts';

/** How many of a group's resources exist; each group is counted once, for the many streams that are in it. */
export function countedOnce(engine: Engine): (group: SubscriptionGroup) => number {
  const counts = new Map<SubscriptionGroup, number>();
  return (group) => {
    let count = counts.get(group);
    if (count === undefined) {
      count = 0;
      for (const name of group.allNames()) if (engine.pool.get(group.typeUrl, name)) count++;
      counts.set(group, count);
    }
    return count;
  };
}

/** What is known of a stream whose node is known; undefined before its first request. */
export function factsOf(
  stream: StreamState,
  counted: (group: SubscriptionGroup) => number,
  now: number,
): StreamFacts | undefined {
  if (!stream.node || !stream.view) return undefined;
  return {
    node: stream.node,
    view: stream.view.key,
    peer: stream.peer,
    protocol: stream.protocol,
    connectedAt: stream.openedAt,
    ...progressOf(stream, now),
    types: stream.inOrder().map((s) => typeFacts(s, counted(s.group))),
  };
}

/** How far a stream has followed, over all its types. */
export function progressOf(
  stream: StreamState,
  now: number,
): Pick<StreamFacts, 'converged' | 'lastAckAt' | 'lagMs'> {
  let converged = stream.subscriptions.size > 0;
  let lastAckAt: number | undefined;
  for (const subscription of stream.subscriptions.values()) {
    converged &&= subscription.isConverged;
    lastAckAt = later(lastAckAt, subscription.lastAckAt);
  }
  return { converged, lastAckAt, lagMs: lagOf(stream, now) };
}

/** How long the oldest thing that a stream was not told, or did not answer, waits; ms, 0 if nothing does. */
function lagOf(stream: StreamState, now: number): number {
  let since = stream.blockedSince ?? now;
  for (const { outstanding } of stream.subscriptions.values())
    since = Math.min(since, outstanding[0]?.sentAt ?? now);
  return now - since;
}

/** How far one type has been followed. */
export function typeFacts(subscription: Subscription, resources: number): TypeFacts {
  const { typeUrl, rejected } = subscription;
  return {
    typeUrl,
    resources,
    sentSequence: subscription.sentSequence,
    acknowledgedSequence: subscription.acknowledgedSequence,
    acknowledged: subscription.isConverged,
    rejection: [...rejected.values()].at(-1),
  };
}

/**
 * Who has acknowledged these resources as they were published in `sequence`, or later, of the streams that
 * are subscribed to any of them now. Resources that do not exist count for nothing.
 */
export function acknowledgementOf(
  engine: Engine,
  sequence: number,
  keys: Iterable<ResourceKey>,
): Acknowledgement {
  const waiting = new Map<StreamState, boolean>();
  const rejected: { nodeId: string; key: ResourceKey; message: string }[] = [];
  let lastAt: number | undefined;
  for (const key of keys) {
    const changedAt = engine.pool.changedAt(key);
    if (changedAt === undefined) continue;
    const needed = Math.min(sequence, changedAt);
    for (const group of engine.groupsCovering(key.typeUrl, key.name)) {
      for (const member of group.members) {
        const rejection = member.rejected.get(key.name);
        const isAcknowledged = !rejection && member.acknowledgedSequence >= needed;
        waiting.set(member.stream, !isAcknowledged || (waiting.get(member.stream) ?? false));
        if (isAcknowledged) lastAt = later(lastAt, member.lastAckAt);
        if (rejection)
          rejected.push({ nodeId: member.stream.node?.id ?? '', key, message: rejection.message });
      }
    }
  }
  const laggards = [...waiting].filter(([, waits]) => waits).map(([stream]) => stream.node?.id ?? '');
  return {
    of: waiting.size,
    by: waiting.size - laggards.length,
    lastAt,
    laggards: [...new Set(laggards)],
    rejected,
  };
}

/** Counts over everything; walks all streams, so it is for a scrape and not for a push. */
export function levelsOf(engine: Engine, now: number): Levels {
  const subscriptions = new Map<TypeUrl, number>();
  for (const { typeUrl, members } of engine.groups.all()) {
    subscriptions.set(typeUrl, (subscriptions.get(typeUrl) ?? 0) + members.size);
  }
  let laggards = 0;
  let slowestLagMs = 0;
  for (const stream of engine.streams) {
    if (stream.subscriptions.values().every((s) => s.isConverged)) continue;
    laggards++;
    slowestLagMs = Math.max(slowestLagMs, lagOf(stream, now));
  }
  const resources = engine.pool.counts();
  return { streams: engine.streams.size, subscriptions, resources, laggards, slowestLagMs };
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}
