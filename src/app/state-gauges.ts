import { Gauge, type Registry } from 'prom-client';
import type { ControlPlane } from '../admin/control-plane.ts';
import type { ServiceView } from '../controller/controller.ts';
import type { VersionDemand } from '../core/decide/demand-state.ts';
import { serviceKey } from '../core/decide/spec-index.ts';
import type { RolloutStatus } from '../core/status/status.ts';

/** What the gauges of present state read, at the moment of the scrape. */
export interface StateGaugeSources {
  readonly controlPlane: Pick<ControlPlane, 'status' | 'rollouts' | 'breakers' | 'sidecars'>;
  readonly views: () => readonly ServiceView[];
}

type Set = (labels: Readonly<Record<string, string>>, value: number) => void;

/** Registers the gauges that say how things stand; who is gone leaves no series behind. */
export function registerStateGauges(registry: Registry, sources: StateGaugeSources): void {
  const { controlPlane } = sources;
  const gauge = (name: string, help: string, labelNames: readonly string[], read: (set: Set) => void) =>
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        if (labelNames.length > 0) this.reset();
        read((labels, value) => this.set(labels, value));
      },
    });
  gauge('penstock_build_info', 'Always 1; which Penstock runs on which Node.', ['version', 'node'], (set) =>
    set({ version: controlPlane.status().version, node: process.versions.node }, 1),
  );
  registerRollouts(gauge, controlPlane);
  registerSidecars(gauge, controlPlane);
  gauge(
    'penstock_breaker_state',
    '1 for the state that the breaker is in; with a version, that of a candidate on trial.',
    ['service', 'state', 'version'],
    (set) => {
      for (const { namespace, service, version, phase } of controlPlane.breakers()) {
        const labels = { service: `${namespace}/${service}`, state: phase };
        set(version === undefined ? labels : { ...labels, version }, 1);
      }
    },
  );
  gauge(
    'penstock_data_known',
    '1 while the requests of a version are known, 0 while they are missing, stale or no number.',
    ['service', 'version'],
    (set) => {
      for (const { service, observation } of sources.views())
        for (const [version, { requests }] of observation?.versions ?? [])
          set({ service: serviceKey(service), version }, requests.kind === 'value' ? 1 : 0);
    },
  );
  registerDemand(gauge, sources.views);
}

type Register = (name: string, help: string, labels: readonly string[], read: (set: Set) => void) => void;

function registerRollouts(gauge: Register, controlPlane: StateGaugeSources['controlPlane']): void {
  const each = (set: Set, tell: (rollout: RolloutStatus, key: string, set: Set) => void) => {
    for (const rollout of controlPlane.rollouts()) tell(rollout, `${rollout.namespace}/${rollout.name}`, set);
  };
  gauge(
    'penstock_rollout_phase',
    '1 for the phase that the rollout is in.',
    ['rollout', 'service', 'phase'],
    (set) =>
      each(set, ({ namespace, service, phase }, rollout) =>
        set({ rollout, service: `${namespace}/${service}`, phase }, 1),
      ),
  );
  const gateGauge = (name: string, help: string, field: 'log10Evidence' | 'log10Bound') =>
    gauge(name, help, ['rollout', 'gate'], (set) =>
      each(set, ({ gates }, rollout) => {
        for (const { name: gate, [field]: value } of gates)
          if (value !== undefined) set({ rollout, gate }, value);
      }),
    );
  gateGauge('penstock_gate_evidence_log10', 'log10 of the evidence against the candidate.', 'log10Evidence');
  gateGauge('penstock_gate_bound_log10', 'log10 of the evidence at which the gate acts.', 'log10Bound');
}

/** Of versions whose policy has `scaling`. */
function registerDemand(gauge: Register, views: StateGaugeSources['views']): void {
  const each = (set: Set, tell: (demand: VersionDemand) => number | undefined) => {
    for (const { service, outcome } of views())
      for (const [version, demand] of outcome?.demand.versions ?? []) {
        const value = tell(demand);
        if (value !== undefined) set({ service: serviceKey(service), version }, value);
      }
  };
  const labels = ['service', 'version'];
  gauge(
    'penstock_offered_requests_per_second',
    'Requests that clients offer, served or not; absent while that is not known.',
    labels,
    (set) => each(set, ({ offered }) => offered),
  );
  gauge('penstock_demand_replicas', 'Replicas that are needed for what clients offer.', labels, (set) =>
    each(set, ({ replicas }) => replicas),
  );
  gauge(
    'penstock_demand_held',
    '1 while fewer replicas would do and are not asked for, 0 otherwise.',
    labels,
    (set) => each(set, ({ held }) => (held === undefined ? 0 : 1)),
  );
}

function registerSidecars(gauge: Register, controlPlane: StateGaugeSources['controlPlane']): void {
  const sidecars = () => controlPlane.sidecars();
  gauge('penstock_sidecars_connected', 'Sidecars with an open stream.', [], (set) =>
    set({}, sidecars().length),
  );
  gauge(
    'penstock_sidecars_converged',
    'Sidecars that have acknowledged everything that they were told.',
    [],
    (set) => set({}, sidecars().filter(({ converged }) => converged).length),
  );
  gauge(
    'penstock_sidecars_lag_seconds',
    'How long the last of the sidecars has not acknowledged what it was told.',
    [],
    (set) =>
      set({}, Math.max(0, ...sidecars().map(({ converged, lagMs }) => (converged ? 0 : lagMs))) / 1000),
  );
}
