import { failureRate, healthyEndpoints, latencyMs, requestRate } from './expressions.ts';
import type { Dashboard, Panel } from './panel.ts';

const WINDOW = '$__rate_interval';
const SERVICE = '$service';
const VERSION = '{{service}} {{version}}';
const OF_SERVICE = '{service=~"$service"}';
const OF_MODEL = '{model=~"$model"}';

function quantiles(of: (quantile: number) => string, legend: string): Panel['queries'] {
  return [0.5, 0.95, 0.99].map((q) => ({ expr: of(q), legend: `${legend} p${q * 100}` }));
}

const services: Dashboard = {
  uid: 'penstock-services',
  title: 'Penstock / Services',
  variable: {
    name: 'service',
    label: 'Service',
    query: 'label_values(penstock_version_weight_ratio, service)',
  },
  panels: [
    {
      title: 'Requests',
      description: 'As the sidecars of the callers see them.',
      unit: 'reqps',
      queries: [{ expr: requestRate(WINDOW, SERVICE), legend: VERSION }],
    },
    {
      title: 'Failed share',
      unit: 'percentunit',
      queries: [
        {
          expr: `(${failureRate(WINDOW, SERVICE)})\n/ (${requestRate(WINDOW, SERVICE)} > 0)`,
          legend: VERSION,
        },
      ],
    },
    {
      title: 'Latency',
      unit: 'ms',
      queries: quantiles((q) => latencyMs(q, WINDOW, SERVICE), VERSION),
    },
    {
      title: 'Share of the traffic, as configured',
      unit: 'percentunit',
      queries: [{ expr: `penstock_version_weight_ratio${OF_SERVICE}`, legend: VERSION }],
    },
    {
      title: 'Breaker: share that is let through',
      unit: 'percentunit',
      queries: [{ expr: `penstock_breaker_admitted_ratio${OF_SERVICE}`, legend: '{{service}}' }],
    },
    {
      title: 'Healthy endpoints',
      unit: 'short',
      queries: [{ expr: healthyEndpoints(SERVICE), legend: VERSION }],
    },
  ],
};

const rollouts: Dashboard = {
  uid: 'penstock-rollouts',
  title: 'Penstock / Rollouts',
  variable: {
    name: 'rollout',
    label: 'Rollout',
    query: 'label_values(penstock_rollout_phase, rollout)',
  },
  panels: [
    {
      title: 'Phase',
      unit: 'short',
      kind: 'state-timeline',
      queries: [{ expr: 'penstock_rollout_phase{rollout=~"$rollout"}', legend: '{{rollout}} {{phase}}' }],
    },
    {
      title: 'Weights',
      unit: 'percentunit',
      queries: [
        {
          expr: 'penstock_version_weight_ratio * on (service) group_left () max by (service) (penstock_rollout_phase{rollout=~"$rollout"})',
          legend: VERSION,
        },
      ],
    },
    {
      title: 'Evidence against the candidate',
      description: 'log10; a gate acts where the evidence meets its bound.',
      unit: 'short',
      queries: [
        { expr: 'penstock_gate_evidence_log10{rollout=~"$rollout"}', legend: '{{rollout}} {{gate}}' },
        { expr: 'penstock_gate_bound_log10{rollout=~"$rollout"}', legend: '{{rollout}} {{gate}} bound' },
      ],
    },
    {
      title: 'Decisions',
      unit: 'short',
      queries: [{ expr: `increase(penstock_decisions_total[${WINDOW}])`, legend: '{{reason}}' }],
    },
  ],
};

const controlPlane: Dashboard = {
  uid: 'penstock-control-plane',
  title: 'Penstock / Control plane',
  variable: undefined,
  panels: [
    {
      title: 'Sidecars',
      unit: 'short',
      queries: [
        { expr: 'penstock_sidecars_connected', legend: 'connected' },
        { expr: 'penstock_sidecars_converged', legend: 'converged' },
      ],
    },
    {
      title: 'Lag of the last sidecar',
      unit: 's',
      queries: [{ expr: 'penstock_sidecars_lag_seconds', legend: 'lag' }],
    },
    {
      title: 'From push to acknowledgement',
      unit: 's',
      queries: quantiles(
        (q) =>
          `histogram_quantile(${q}, sum by (le) (rate(penstock_xds_push_to_ack_seconds_bucket[${WINDOW}])))`,
        'ack',
      ),
    },
    {
      title: 'Pushes',
      unit: 'ops',
      queries: [
        { expr: `sum by (type) (rate(penstock_xds_pushes_total[${WINDOW}]))`, legend: '{{type}}' },
        {
          expr: `sum by (type) (rate(penstock_xds_rejections_total[${WINDOW}]))`,
          legend: '{{type}} rejected',
        },
      ],
    },
    {
      title: 'Time of a look',
      unit: 's',
      queries: quantiles(
        (q) =>
          `histogram_quantile(${q}, sum by (le) (rate(penstock_look_duration_seconds_bucket[${WINDOW}])))`,
        'look',
      ),
    },
    {
      title: 'Delay of the event loop',
      unit: 's',
      queries: [
        {
          expr: 'nodejs_eventloop_lag_p99_seconds * on (instance, job) group_left () penstock_build_info',
          legend: 'p99',
        },
      ],
    },
    {
      title: 'What is known',
      unit: 'short',
      queries: [
        { expr: 'penstock_specs_valid', legend: 'specs valid' },
        { expr: 'penstock_prometheus_reachable', legend: 'Prometheus reachable' },
        { expr: 'min(penstock_data_known)', legend: 'data of every version' },
        { expr: 'penstock_frozen', legend: 'frozen' },
      ],
    },
    {
      title: 'Events told',
      unit: 'short',
      queries: [
        { expr: 'penstock_notifications_waiting', legend: 'waiting' },
        {
          expr: 'sum by (format, result) (penstock_notifications_total)',
          legend: '{{format}} {{result}}',
        },
        { expr: 'penstock_save_failures_total', legend: 'failures to save' },
      ],
    },
    {
      title: 'Memory',
      unit: 'bytes',
      queries: [
        {
          expr: 'process_resident_memory_bytes * on (instance, job) group_left () penstock_build_info',
          legend: 'memory',
        },
      ],
    },
  ],
};

const modelServers: Dashboard = {
  uid: 'penstock-model-servers',
  title: 'Penstock / Model servers',
  variable: { name: 'model', label: 'Model', query: 'label_values(model_requests_total, model)' },
  panels: [
    {
      title: 'Requests by outcome',
      unit: 'reqps',
      queries: [
        {
          expr: `sum by (model, version, code) (rate(model_requests_total${OF_MODEL}[${WINDOW}]))`,
          legend: '{{model}} {{version}} {{code}}',
        },
      ],
    },
    {
      title: 'Latency',
      unit: 's',
      queries: quantiles(
        (q) =>
          `histogram_quantile(${q}, sum by (le, model, version) (rate(model_request_duration_seconds_bucket${OF_MODEL}[${WINDOW}])))`,
        '{{model}} {{version}}',
      ),
    },
    {
      title: 'Waiting and computed calls',
      unit: 'short',
      queries: [
        { expr: `sum by (model, version) (model_in_flight${OF_MODEL})`, legend: '{{model}} {{version}}' },
        {
          expr: `sum by (model, version) (model_queue_depth${OF_MODEL})`,
          legend: '{{model}} {{version}} waiting',
        },
      ],
    },
    {
      title: 'Rows of a batch',
      unit: 'short',
      queries: [
        {
          expr: `sum by (model, version) (rate(model_batch_rows_sum${OF_MODEL}[${WINDOW}])) / sum by (model, version) (rate(model_batch_rows_count${OF_MODEL}[${WINDOW}]))`,
          legend: '{{model}} {{version}}',
        },
      ],
    },
    {
      title: 'Mean score',
      description: 'The highest probability of each answer: where it drifts, look at the inputs.',
      unit: 'short',
      queries: [
        {
          expr: `sum by (model, version) (rate(model_score_sum${OF_MODEL}[${WINDOW}])) / sum by (model, version) (rate(model_score_count${OF_MODEL}[${WINDOW}]))`,
          legend: '{{model}} {{version}}',
        },
      ],
    },
    {
      title: 'Use of the runners and of memory',
      unit: 'percentunit',
      queries: [
        {
          expr: `rate(model_busy_seconds${OF_MODEL}[${WINDOW}])`,
          legend: '{{instance}} {{model}} {{version}} busy',
        },
        { expr: 'model_server_memory_ratio', legend: '{{instance}} {{source}} memory' },
      ],
    },
    {
      title: 'GPU',
      unit: 'percentunit',
      queries: [
        { expr: 'nv_gpu_utilization', legend: '{{instance}} {{gpu_uuid}} time' },
        {
          expr: 'nv_gpu_memory_used_bytes / nv_gpu_memory_total_bytes',
          legend: '{{instance}} {{gpu_uuid}} memory',
        },
      ],
    },
  ],
};

/** All dashboards, by the name of their file. */
export const DASHBOARDS: ReadonlyMap<string, Dashboard> = new Map([
  ['services.json', services],
  ['rollouts.json', rollouts],
  ['control-plane.json', controlPlane],
  ['model-servers.json', modelServers],
]);
