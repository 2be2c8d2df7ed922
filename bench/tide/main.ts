import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ONLINE } from './autoscaler.ts';
import { capacityOf } from './latency.ts';
import { plot } from './plot.ts';
import { type Outcome, replay, type Scheme, SERVING } from './replay.ts';
import { CpuMetric, DemandMetric, PER_POD, ServedMetric } from './scaling.ts';

const { values } = parseArgs({
  options: { plot: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
});
if (values.help) {
  console.log(
    'bench/tide [--plot FILE.svg]: a day with an evening peak, simulated, for each way to scale; a table in Markdown',
  );
  process.exit(0);
}

/** Half an hour in the afternoon in which one pod fails every call at once. */
const FAULT = { from: 14 * 3600, to: 14.5 * 3600 };

const schemes: readonly Scheme[] = [
  { name: 'static, for the peak', metric: undefined, behaviour: ONLINE, pods: 8 },
  ...[
    new CpuMetric(PER_POD / capacityOf(SERVING)),
    new ServedMetric(),
    new DemandMetric(false),
    new DemandMetric(true),
  ].map((metric) => ({ name: metric.name, metric, behaviour: ONLINE, pods: 2 })),
];

console.log(
  'Simulated: traffic, pods and their latency. Real: Penstock’s decisions. By its documentation: the HPA.\n',
);
console.log(
  '| | pod-hours | beside static | P99 of the day | P99 of the worst minute | eight ready after | taken while one failed | calls failed |',
);
console.log('|---|---|---|---|---|---|---|---|');
const outcomes: Outcome[] = [];
for (const scheme of schemes) {
  const outcome = replay(scheme, FAULT);
  outcomes.push(outcome);
  console.log(row(outcome, outcomes[0] ?? outcome));
}
if (values.plot !== undefined) writeFileSync(values.plot, plot(outcomes, 19, 24));

function row(outcome: Outcome, { podHours }: Outcome): string {
  const beside = 100 * (outcome.podHours / podHours - 1);
  const { peakReadyAfterS } = outcome;
  const cells = [
    outcome.name,
    outcome.podHours.toFixed(1),
    outcome.podHours === podHours ? '' : `${beside < 0 ? '−' : '+'}${Math.abs(beside).toFixed(0)} %`,
    `${outcome.p99Ms.toFixed(0)} ms`,
    `${outcome.worstMinuteMs.toFixed(0)} ms`,
    outcome.name.startsWith('static') ? '' : peakReadyAfterS === undefined ? 'never' : `${peakReadyAfterS} s`,
    String(outcome.takenInFault),
    `${((100 * outcome.failed) / outcome.calls).toFixed(2)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}
