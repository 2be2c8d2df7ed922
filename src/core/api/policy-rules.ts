import { missingObject, type ObjectSet, repeatedNames, versionFindings } from './object-set.ts';
import { error, type Finding, warning } from './problem.ts';
import { quote } from './quote.ts';
import type { TrafficPolicy } from './traffic-policy.ts';
import { webhookFindings } from './webhook-rules.ts';

/** What the shape of a TrafficPolicy cannot say. */
export function policyFindings(policy: TrafficPolicy, set: ObjectSet): readonly Finding[] {
  const { spec, metadata } = policy;
  const target = spec.targetRef.name;
  const missing = set.isMissing('ModelService', metadata.namespace, target)
    ? [error(['spec', 'targetRef', 'name'], missingObject(set, 'ModelService', metadata.namespace, target))]
    : [];
  return [
    ...missing,
    ...repeatedNames(['spec', 'rateLimits'], spec.rateLimits),
    ...recoveryFindings(policy),
    ...fallbackFindings(policy, set),
    ...webhookFindings(spec.webhooks, ['spec', 'webhooks']),
  ];
}

function recoveryFindings({ spec }: TrafficPolicy): readonly Finding[] {
  const { breaker } = spec;
  const first = breaker?.recovery.steps[0];
  if (breaker === undefined || first === undefined || first > breaker.halfOpen.percent) return [];
  const probing = breaker.halfOpen.percent;
  return [
    error(
      ['spec', 'breaker', 'halfOpen', 'percent'],
      `${probing} is no less than the first recovery step; less than ${first}`,
    ),
  ];
}

function fallbackFindings(policy: TrafficPolicy, set: ObjectSet): readonly Finding[] {
  const { spec, metadata } = policy;
  const fallback = spec.breaker?.fallback;
  const own = set.find('ModelService', metadata.namespace, spec.targetRef.name);
  const path = ['spec', 'breaker', 'fallback'];
  if (fallback?.version !== undefined && own !== undefined) {
    const at = [...path, 'version'];
    const same =
      fallback.version === own.spec.defaultVersion
        ? [
            warning(
              at,
              `${quote(fallback.version)} is the version that fails when the breaker opens without a rollout; another version`,
            ),
          ]
        : [];
    return [...versionFindings(own, at, fallback.version), ...same];
  }
  if (fallback?.service === undefined) return [];
  const at = [...path, 'service'];
  const other = set.find('ModelService', metadata.namespace, fallback.service);
  if (other === undefined) {
    // Not an error: the fallback may be brought up later, and until then callers get the fixed answer.
    if (!set.isMissing('ModelService', metadata.namespace, fallback.service)) return [];
    const text = missingObject(set, 'ModelService', metadata.namespace, fallback.service);
    return [warning(at, text)];
  }
  if (own !== undefined && own.spec.protocol !== other.spec.protocol) {
    const text = `${quote(fallback.service)} speaks ${other.spec.protocol}; a service of protocol ${own.spec.protocol}`;
    return [error(at, text)];
  }
  return loopFindings(policy, set).map((text) => error(at, text));
}

/** Follows the fallbacks from a policy's service; an open breaker must not lead back to itself. */
function loopFindings(policy: TrafficPolicy, set: ObjectSet): readonly string[] {
  const { namespace } = policy.metadata;
  const next = new Map<string, string>();
  for (const object of set.objects) {
    if (object.kind !== 'TrafficPolicy' || object.metadata.namespace !== namespace) continue;
    const to = object.spec.breaker?.fallback.service;
    if (to !== undefined) next.set(object.spec.targetRef.name, to);
  }
  const start = policy.spec.targetRef.name;
  const way = [start];
  const visited = new Set<string>();
  for (let at = next.get(start); at !== undefined && !visited.has(at); at = next.get(at)) {
    way.push(at);
    if (at === start) return [`the fallbacks go in a circle (${way.join(' → ')}); a service outside of it`];
    visited.add(at);
  }
  return [];
}
