import { stringify } from 'yaml';
import { failureRate, healthyEndpoints, latencyMs, requestRate } from './expressions.ts';

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** P0: callers are without an answer. P1: callers feel it, or Penstock cannot do its work. P2: look at it today. */
type Priority = 'P0' | 'P1' | 'P2';

interface AlertRule {
  readonly alert: string;
  readonly priority: Priority;
  readonly expr: string;
  readonly for: string;
  readonly summary: string;
  readonly description: string;
}

const RECORDINGS: readonly RecordingRule[] = [
  { record: 'penstock:requests:rate1m', expr: requestRate('1m') },
  { record: 'penstock:failures:rate1m', expr: failureRate('1m') },
  { record: 'penstock:requests:rate5m', expr: requestRate('5m') },
  { record: 'penstock:failures:rate5m', expr: failureRate('5m') },
  { record: 'penstock:latency_ms:p95_5m', expr: latencyMs(0.95, '5m') },
  { record: 'penstock:endpoints:healthy', expr: healthyEndpoints() },
];

const SERVICES: readonly AlertRule[] = [
  {
    alert: 'ModelServiceDown',
    priority: 'P0',
    expr: 'sum by (service) (penstock:failures:rate1m) / (sum by (service) (penstock:requests:rate1m) > 0) > 0.95',
    for: '30s',
    summary: '{{ $labels.service }} is down',
    description: '{{ $value | humanizePercentage }} of the calls of the last minute failed.',
  },
  {
    alert: 'ModelServiceWithoutEndpoints',
    priority: 'P0',
    expr: 'sum by (service) (penstock:endpoints:healthy and on (service, version) (penstock_version_weight_ratio > 0)) == 0',
    for: '30s',
    summary: '{{ $labels.service }} has no healthy endpoint',
    description: 'None of the versions that have traffic has an endpoint that any sidecar takes for healthy.',
  },
  {
    alert: 'ModelServiceErrors',
    priority: 'P1',
    expr: 'sum by (service) (penstock:failures:rate5m) / (sum by (service) (penstock:requests:rate5m) > 0) > 0.01',
    for: '5m',
    summary: '{{ $labels.service }} fails more than 1 % of its calls',
    description: '{{ $value | humanizePercentage }} of the calls have failed over 5 minutes.',
  },
  {
    alert: 'ModelServiceSlow',
    priority: 'P1',
    expr: 'penstock:latency_ms:p95_5m > 1.3 * avg_over_time(penstock:latency_ms:p95_5m[1h] offset 10m) and penstock:requests:rate5m > 1',
    for: '5m',
    summary: '{{ $labels.service }} {{ $labels.version }} is more than 30 % slower than before',
    description:
      'The 95th percentile is {{ $value | humanize }} ms, over 1.3 times its mean of the hour before.',
  },
  {
    alert: 'CircuitBreakerOpen',
    priority: 'P1',
    expr: 'penstock_breaker_state{state="OPEN",version=""} == 1',
    for: '0s',
    summary: 'The breaker of {{ $labels.service }} is open',
    description: 'Callers get the fallback. `penstock explain breaker/NAME` says why.',
  },
  {
    alert: 'CandidateBreakerOpen',
    priority: 'P2',
    expr: 'penstock_breaker_state{state="OPEN",version!=""} == 1',
    for: '0s',
    summary: 'The candidate {{ $labels.version }} of {{ $labels.service }} would open a breaker',
    description:
      'It is rolled back, unless the breaker is a shadow. `penstock explain rollout/NAME` says why.',
  },
  {
    alert: 'RolloutRolledBack',
    priority: 'P2',
    expr: 'penstock_rollout_phase{phase=~"RollingBack|RolledBack"} == 1',
    for: '0s',
    summary: '{{ $labels.rollout }} was rolled back',
    description: 'All traffic is on the old version. `penstock explain rollout/NAME` says why.',
  },
  {
    alert: 'ModelScoresShifted',
    priority: 'P2',
    expr: `abs(
  sum by (model, version) (rate(model_score_sum[30m])) / sum by (model, version) (rate(model_score_count[30m]))
  - sum by (model, version) (rate(model_score_sum[1d] offset 1h)) / sum by (model, version) (rate(model_score_count[1d] offset 1h))
) > 0.1`,
    for: '15m',
    summary: 'The scores of {{ $labels.model }} {{ $labels.version }} have drifted',
    description:
      'Their mean differs by {{ $value | printf "%.2f" }} from that of the day before: look at the inputs.',
  },
];

const RESOURCES: readonly AlertRule[] = [
  {
    alert: 'ModelServerNotReady',
    priority: 'P1',
    expr: 'max by (model, version) (model_state{state="READY"}) == 0',
    for: '1m',
    summary: '{{ $labels.model }} {{ $labels.version }} is ready nowhere',
    description: 'No model server has loaded this version; `model_state` says in which state it is.',
  },
  resource('MemoryHigh', 'model_server_memory_ratio > 0.8', 'memory'),
  resource('GpuMemoryHigh', 'nv_gpu_memory_used_bytes / nv_gpu_memory_total_bytes > 0.8', 'GPU memory'),
  resource('GpuBusy', 'nv_gpu_utilization > 0.8', 'GPU time'),
  resource('RunnerBusy', 'rate(model_busy_seconds[5m]) > 0.8', 'runner’s time'),
];

const CONTROL_PLANE: readonly AlertRule[] = [
  {
    alert: 'PenstockDown',
    priority: 'P1',
    expr: 'absent(penstock_build_info)',
    for: '1m',
    summary: 'Penstock is down',
    description: 'Traffic goes on as it was; nothing is decided.',
  },
  {
    alert: 'NoData',
    priority: 'P1',
    expr: 'penstock_data_known == 0 and on (service, version) (penstock_version_weight_ratio > 0)',
    for: '2m',
    summary: 'Nothing is known of {{ $labels.service }} {{ $labels.version }}',
    description: 'Its requests are missing or stale: rollout and breaker hold. See `penstock get services`.',
  },
  {
    alert: 'SidecarsReject',
    priority: 'P1',
    expr: 'increase(penstock_xds_rejections_total[5m]) > 0',
    for: '0s',
    summary: 'Sidecars reject {{ $labels.type }}',
    description: 'They stay on what they had. `penstock get sidecars` has their words.',
  },
  {
    alert: 'SidecarsLag',
    priority: 'P1',
    expr: 'penstock_sidecars_lag_seconds > 30',
    for: '1m',
    summary: 'A sidecar has not acknowledged for {{ $value | humanizeDuration }}',
    description: 'Rollouts wait for it, or list it as a laggard. `penstock get sidecars` says which.',
  },
  {
    alert: 'SpecsInvalid',
    priority: 'P2',
    expr: 'penstock_specs_valid == 0',
    for: '1m',
    summary: 'The spec files are not valid',
    description: 'The last good ones stay in force. `penstock check -f FILE` says what is wrong.',
  },
  {
    alert: 'PrometheusUnreachable',
    priority: 'P1',
    expr: 'penstock_prometheus_reachable == 0',
    for: '1m',
    summary: 'Penstock cannot ask Prometheus',
    description: 'What needs its data holds. `penstock get` has the error.',
  },
  {
    alert: 'PenstockCannotSave',
    priority: 'P1',
    expr: 'increase(penstock_save_failures_total[5m]) > 0',
    for: '0s',
    summary: 'Penstock cannot save its state',
    description: 'Decisions go on; a restart now would forget. Look at the disk of `--state`.',
  },
  {
    alert: 'NotificationsFail',
    priority: 'P2',
    expr: 'increase(penstock_notifications_total{result="failed"}[15m]) > 0',
    for: '0s',
    summary: 'Events for {{ $labels.format }} receivers are lost',
    description: 'All tries are over; the log says why.',
  },
  {
    alert: 'PenstockFrozen',
    priority: 'P2',
    expr: 'penstock_frozen == 1',
    for: '1h',
    summary: 'Every automatic change has been held for an hour',
    description: '`penstock freeze off` lets go.',
  },
  {
    alert: 'PenstockSlow',
    priority: 'P2',
    expr: 'nodejs_eventloop_lag_p99_seconds * on (instance, job) group_left () penstock_build_info > 0.25',
    for: '5m',
    summary: 'Penstock answers late',
    description: 'Its event loop is blocked for {{ $value | humanizeDuration }}: it has too much to do.',
  },
];

/** All expressions, for whoever looks for the names in them. */
export const RULE_EXPRESSIONS: readonly string[] = [
  ...RECORDINGS,
  ...SERVICES,
  ...RESOURCES,
  ...CONTROL_PLANE,
].map(({ expr }) => expr);

/** All alerts, for whoever looks for their documentation and tests. */
export const ALERT_NAMES: readonly string[] = [...SERVICES, ...RESOURCES, ...CONTROL_PLANE].map(
  ({ alert }) => alert,
);

/** The rule file as Prometheus reads it. */
export function alertRulesText(): string {
  const groups = [
    { name: 'penstock-recordings', interval: '15s', rules: RECORDINGS },
    { name: 'penstock-services', rules: SERVICES.map(ruleOf) },
    { name: 'penstock-resources', rules: RESOURCES.map(ruleOf) },
    { name: 'penstock-control-plane', rules: CONTROL_PLANE.map(ruleOf) },
  ];
  const marker =
    '# Generated by tools/generate-observability.ts; edits are lost. See docs/operations/alerts.md.\n';
  return marker + stringify({ groups }, { lineWidth: 0 });
}

function ruleOf({ priority, summary, description, ...rule }: AlertRule): object {
  const severity = { P0: 'critical', P1: 'warning', P2: 'info' }[priority];
  const runbook = `docs/operations/alerts.md#${rule.alert.toLowerCase()}`;
  return { ...rule, labels: { priority, severity }, annotations: { summary, description, runbook } };
}

function resource(name: string, expr: string, what: string): AlertRule {
  return {
    alert: `ModelServer${name}`,
    priority: 'P2',
    expr,
    for: '5m',
    summary: `{{ $labels.instance }} uses more than 80 % of its ${what}`,
    description: `It uses {{ $value | humanizePercentage }} of its ${what}.`,
  };
}
