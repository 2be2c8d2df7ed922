import type { ControlPlane } from '../../admin/control-plane.ts';
import type { Acceptance, Verdict } from '../../core/api/accept-objects.ts';
import { type Kind, kindNames } from '../../core/api/kinds.ts';
import {
  type AnchorJudgement,
  commonStatus,
  type ObjectCondition,
  policyObjectStatus,
  rolloutObjectStatus,
  serviceObjectStatus,
} from '../../core/status/object-status.ts';
import type { SpecObject, SpecWatch } from '../../kubernetes/spec-watch.ts';
import type { StatusWriter } from '../../kubernetes/status-writer.ts';

const UNKNOWN: Verdict = { inForce: 'none', findings: [] };

/** Writes what is known of every object into its status. */
export function tellStatuses(
  writer: StatusWriter,
  watch: SpecWatch,
  { verdicts }: Acceptance,
  plane: Pick<ControlPlane, 'services' | 'rollouts' | 'breakers' | 'limits'>,
  nowMs: number,
  anchors?: { verdictOf(service: string): AnchorJudgement | undefined },
): void {
  const key = (each: { readonly namespace: string; readonly name: string }): string =>
    `${each.namespace}/${each.name}`;
  const ofService = (each: { readonly namespace: string; readonly service: string }): string =>
    `${each.namespace}/${each.service}`;
  const services = new Map(plane.services().map((each) => [key(each), each]));
  const rollouts = new Map(plane.rollouts().map((each) => [key(each), each]));
  const breakers = new Map(
    plane
      .breakers()
      .flatMap((each) => (each.version === undefined ? [[ofService(each), each] as const] : [])),
  );
  const limits = Map.groupBy(plane.limits(), ofService);
  for (const kind of kindNames) {
    for (const [id, object] of watch.all(kind)) {
      const verdict = verdicts.get(`${kind}/${id}`) ?? UNKNOWN;
      const { generation = 0 } = object.metadata;
      const common = commonStatus(verdict, generation, conditionsOf(object), nowMs);
      writer.tell(kind, object, { ...common, ...own(kind, id, object) });

      function own(of: Kind, name: string, { spec }: SpecObject): object {
        if (of === 'ModelService') {
          const service = services.get(name);
          if (service === undefined) return {};
          const anchor = anchors?.verdictOf(name);
          return serviceObjectStatus(
            service,
            { breaker: breakers.get(name), anchor },
            common,
            conditionsOf(object),
            nowMs,
          );
        }
        if (of === 'ModelRollout') {
          const rollout = rollouts.get(name);
          return rollout === undefined ? {} : rolloutObjectStatus(rollout, common);
        }
        if (of === 'TrafficPolicy' && verdict.inForce !== 'none') {
          const target = `${name.split('/')[0]}/${targetOf(spec)}`;
          return policyObjectStatus(breakers.get(target), limits.get(target) ?? []);
        }
        return {};
      }
    }
  }
}

function targetOf(spec: unknown): string {
  return (spec as { readonly targetRef?: { readonly name?: string } } | undefined)?.targetRef?.name ?? '';
}

function conditionsOf({ status }: SpecObject): readonly ObjectCondition[] {
  const { conditions } = (status ?? {}) as { readonly conditions?: readonly ObjectCondition[] };
  return conditions ?? [];
}
