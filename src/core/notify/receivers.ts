import type { EventHook } from '../api/webhook.ts';
import type { SpecIndex } from '../decide/spec-index.ts';
import { isAtLeast, type Notice } from './notice.ts';

/** Who is told: a webhook of a spec, and the namespace in which its secret is. */
export interface Receiver {
  /** Equal for equal webhooks, so that one that stands in many specs is told once. */
  readonly key: string;
  readonly namespace: string;
  readonly hook: EventHook;
}

/**
 * The receivers of a notice: those of the rollout for what happens in it, those of the service's policy for what
 * happens in breaker, limits and balancing, and all of them for what concerns everything.
 */
export function receiversOf(notice: Notice, specs: SpecIndex): readonly Receiver[] {
  const wants = ({ hook }: Receiver) =>
    isAtLeast(notice, hook.minimumSeverity ?? (hook.format === 'pagerduty' ? 'warning' : 'info'));
  if (notice.service === '' && notice.subject === 'Penstock') return allReceivers(specs).filter(wants);
  const service = notice.service === '' ? serviceOfRollout(notice.subject, specs) : notice.service;
  const receivers = notice.subject.startsWith('Rollout/')
    ? rolloutReceivers(specs, service)
    : policyReceivers(specs, service);
  return distinct(receivers).filter(wants);
}

/** Everybody whom any spec names. */
export function allReceivers(specs: SpecIndex): readonly Receiver[] {
  return distinct([
    ...[...specs.rollouts.keys()].flatMap((service) => rolloutReceivers(specs, service)),
    ...[...specs.policies.keys()].flatMap((service) => policyReceivers(specs, service)),
  ]);
}

function rolloutReceivers({ rollouts }: SpecIndex, service: string): readonly Receiver[] {
  const rollout = rollouts.get(service);
  return (rollout?.spec.analysis.webhooks ?? []).flatMap(({ type, ...hook }) =>
    type === 'on-event' ? [receiver(hook, rollout?.metadata.namespace ?? '')] : [],
  );
}

function policyReceivers({ policies }: SpecIndex, service: string): readonly Receiver[] {
  const policy = policies.get(service);
  return (policy?.spec.webhooks ?? []).map((hook) => receiver(hook, policy?.metadata.namespace ?? ''));
}

/** What people ask of a rollout is noted without its service. */
function serviceOfRollout(subject: string, { rollouts }: SpecIndex): string {
  const found = [...rollouts].find(
    ([, { metadata }]) => subject === `Rollout/${metadata.namespace}/${metadata.name}`,
  );
  return found?.[0] ?? '';
}

function receiver(hook: EventHook, namespace: string): Receiver {
  const { url, format, secret, template, mail, minimumSeverity, timeout, retries } = hook;
  // A secret of the cluster is one of its namespace.
  const owner = secret?.kubernetes === undefined ? '' : namespace;
  const parts = [owner, url, format, secret, template, mail, minimumSeverity, timeout, retries];
  return { key: JSON.stringify(parts), namespace, hook };
}

function distinct(receivers: readonly Receiver[]): readonly Receiver[] {
  return [...new Map(receivers.map((each) => [each.key, each])).values()];
}
