import type { Command, CommandResult, ControlPlane, DecisionFilter } from '../admin/control-plane.ts';
import type { Controller, ServiceView } from '../controller/controller.ts';
import type { ModelService } from '../core/api/model-service.ts';
import { serviceKey } from '../core/decide/spec-index.ts';
import { breakerStatus, limitStatuses, trialBreakerStatus } from '../core/status/protection-status.ts';
import { rolloutStatus } from '../core/status/rollout-status.ts';
import { serviceStatus } from '../core/status/service-status.ts';
import { sidecarStatuses } from '../core/status/sidecar-status.ts';
import type { ControllerStatus, DecisionRecord, LimitStatus } from '../core/status/status.ts';
import {
  addLook,
  distributionsOf,
  EMPTY_WINDOW,
  type TrafficWindow,
  trafficOf,
} from '../core/status/traffic-window.ts';
import type { XdsServer } from '../xds/contract.ts';
import type { AckTimes } from './ack-times.ts';
import type { Replica } from './cluster/replica.ts';

export interface ControlPlaneParts {
  readonly controller: Controller;
  readonly xds: XdsServer;
  readonly decisions: (filter: DecisionFilter) => readonly DecisionRecord[];
  readonly audit: ControlPlane['audit'];
  readonly ackTimes: AckTimes;
  /** What a limit (`NAMESPACE/SERVICE/limits/NAME`) admits and refuses, where that is known. */
  readonly limitFlow: (
    limit: string,
  ) => Pick<LimitStatus, 'admittedPerSecond' | 'refusedPerSecond'> | undefined;
  /** When the node last reported its load, ms since the epoch. */
  readonly loadReportAt: (nodeId: string) => number | undefined;
  /** All of the status that the controller does not know. */
  readonly environment: () => Pick<ControllerStatus, 'version' | 'startedAt' | 'specs' | 'prometheus'>;
  /** Instances of a service that two of its places name, a line each. */
  readonly overlaps: (service: ModelService) => readonly string[];
  /** Why sidecars may not be sent here yet; undefined: they may. */
  readonly notReady?: () => string | undefined;
  /** On Kubernetes: the replica that this is. */
  readonly replica?: Pick<Replica, 'leading' | 'forward' | 'status'> | undefined;
  /** Has a look made now, so that a command is in force when it is answered. */
  readonly lookNow: () => void;
  readonly now: () => number;
}

/** The control plane as the HTTP API sees it. */
export function controlPlane(parts: ControlPlaneParts): ControlPlane {
  const { controller, xds } = parts;
  const windows = new Map<string, TrafficWindow>();
  controller.subscribe(() => {
    for (const { observation } of controller.views()) {
      if (observation === undefined) continue;
      windows.set(
        observation.service,
        addLook(windows.get(observation.service) ?? EMPTY_WINDOW, observation),
      );
    }
    for (const id of [...windows.keys()]) if (!controller.specs.services.has(id)) windows.delete(id);
  });
  const windowOf = (view: ServiceView): TrafficWindow =>
    windows.get(serviceKey(view.service)) ?? EMPTY_WINDOW;
  return {
    status: () => overallStatus(parts),
    services: () =>
      controller.views().map((view) => {
        const spec = specText(parts, view.service);
        const rollout = controller.specs.rollouts.get(serviceKey(view.service));
        return serviceStatus(view.service, view.ir, view.outcome, rollout, trafficOf(windowOf(view)), spec);
      }),
    rollouts: () =>
      controller.views().flatMap((view) => {
        const id = serviceKey(view.service);
        const rollout = controller.specs.rollouts.get(id);
        if (rollout === undefined) return [];
        const { stable, candidate } = rollout.spec;
        const known = controller.stateOf(id).rollout;
        const distributions = distributionsOf(windowOf(view), stable, candidate);
        return [rolloutStatus(rollout, known, view.outcome?.rollout, distributions, view.laggards)];
      }),
    breakers: () =>
      controller.views().flatMap((view) => {
        const id = serviceKey(view.service);
        const spec = controller.specs.policies.get(id)?.spec.breaker;
        if (spec === undefined) return [];
        const { breaker, trialBreaker } = view.outcome ?? {};
        const { breaker: known, breakerTrips } = controller.stateOf(id);
        const admitted = controller.decisions.get(id)?.admitted;
        const own = breakerStatus(view.service, spec, breaker, breakerTrips, known, admitted);
        const candidate = controller.specs.rollouts.get(id)?.spec.candidate;
        if (trialBreaker === undefined || candidate === undefined) return [own];
        return [own, trialBreakerStatus(view.service, spec, candidate, trialBreaker)];
      }),
    limits: () =>
      controller.views().flatMap((view) => {
        const policy = controller.specs.policies.get(serviceKey(view.service));
        if (policy === undefined) return [];
        const rates = view.outcome?.decisions.limitRates ?? new Map();
        return limitStatuses(view.service, policy, rates, parts.limitFlow);
      }),
    sidecars: () => sidecarStatuses(xds.streams(), parts.loadReportAt),
    decisions: parts.decisions,
    audit: parts.audit,
    readiness: () => {
      const reason = parts.notReady?.();
      return { ready: reason === undefined, message: reason ?? 'serving' };
    },
    command: async (command) =>
      parts.replica === undefined || parts.replica.leading
        ? carryOut(parts, command)
        : parts.replica.forward(command),
    subscribe: (listener) => controller.subscribe(listener),
  };
}

/** Whether a service is as it is wanted to be: what is edited is in force, and no instance stands behind two versions. */
function specText({ environment, overlaps, replica }: ControlPlaneParts, service: ModelService): string {
  const { problems } = environment().specs;
  const own = `ModelService/${serviceKey(service)}: `;
  const concerned =
    replica === undefined ? problems.length > 0 : problems.some((each) => each.startsWith(own));
  if (concerned) return replica === undefined ? 'edited file not in force' : 'edited object not in force';
  return overlaps(service)[0] ?? 'ok';
}

function overallStatus({
  controller,
  xds,
  ackTimes,
  environment,
  loadReportAt,
  replica,
}: ControlPlaneParts): ControllerStatus {
  const sidecars = sidecarStatuses(xds.streams(), loadReportAt);
  return {
    ...(replica === undefined ? {} : { replica: replica.status() }),
    ...environment(),
    ...controller.switches,
    sidecars: {
      connected: sidecars.length,
      converged: sidecars.filter((each) => each.converged).length,
      rejections: sidecars.reduce((sum, each) => sum + each.rejections.length, 0),
    },
    pushToAckMs: ackTimes.summary(),
  };
}

function carryOut({ controller, lookNow, now }: ControlPlaneParts, command: Command): CommandResult {
  if (command.kind === 'freeze' || command.kind === 'baseline') {
    const name = command.kind === 'freeze' ? 'frozen' : 'baseline';
    controller.switchTo({ ...controller.switches, [name]: command.on }, command.actor, now());
    lookNow();
    return { ok: true };
  }
  const { namespace, name } = command.rollout;
  const rollout = [...controller.specs.rollouts.values()].find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === name,
  );
  if (rollout === undefined) {
    return { ok: false, code: 'not-found', message: `there is no rollout ${namespace}/${name}` };
  }
  const asked = command.kind === 'promote' ? { type: command.kind, full: false } : { type: command.kind };
  const conflict = controller.ask(serviceKey(rollout), asked, command.actor);
  if (conflict !== undefined) return { ok: false, code: 'conflict', message: `${name}: ${conflict}` };
  lookNow();
  return { ok: true };
}
