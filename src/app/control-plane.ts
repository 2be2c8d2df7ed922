import type { Command, CommandResult, ControlPlane, DecisionFilter } from '../admin/control-plane.ts';
import type { Controller, ServiceView } from '../controller/controller.ts';
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
        const problems = parts.environment().specs.problems.length;
        const spec = problems === 0 ? 'ok' : 'edited file not in force';
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
        const own = breakerStatus(view.service, spec, breaker, controller.stateOf(id).breakerTrips);
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
    readiness: () => ({ ready: true, message: 'serving' }),
    command: async (command) => carryOut(parts, command),
    subscribe: (listener) => controller.subscribe(listener),
  };
}

function overallStatus({
  controller,
  xds,
  ackTimes,
  environment,
  loadReportAt,
}: ControlPlaneParts): ControllerStatus {
  const sidecars = sidecarStatuses(xds.streams(), loadReportAt);
  return {
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
