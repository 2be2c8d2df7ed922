import { formatDuration } from './duration.ts';
import type { ModelRollout } from './model-rollout.ts';
import { missingObject, type ObjectSet, repeatedNames, versionFindings } from './object-set.ts';
import { error, type FieldPath, type Finding, warning } from './problem.ts';
import { queryFindings } from './query-rules.ts';
import { quote } from './quote.ts';
import { sliceFindings } from './slice-rules.ts';
import { webhookFindings } from './webhook-rules.ts';

/** What the shape of a ModelRollout cannot say. */
export function rolloutFindings(rollout: ModelRollout, set: ObjectSet): readonly Finding[] {
  const { spec, metadata } = rollout;
  const metrics = ['spec', 'analysis', 'metrics'];
  return [
    ...versionsOf(rollout, set),
    ...stepFindings(spec.strategy.steps ?? []),
    ...sliceFindings(spec),
    ...deadlineFindings(spec),
    ...surgeFindings(rollout, set),
    ...repeatedNames(metrics, spec.analysis.metrics),
    ...spec.analysis.metrics.flatMap((metric, index) =>
      metric.type === 'Query' ? queryFindings(metric, [...metrics, index], metadata.namespace, set) : [],
    ),
    ...hookFindings(spec.analysis.webhooks),
    ...webhookFindings(spec.analysis.webhooks, ['spec', 'analysis', 'webhooks']),
  ];
}

function versionsOf({ spec, metadata }: ModelRollout, set: ObjectSet): readonly Finding[] {
  const same =
    spec.stable === spec.candidate
      ? [
          error(
            ['spec', 'candidate'],
            `${quote(spec.candidate)} is stable as well; the version that is to take over`,
          ),
        ]
      : [];
  const { namespace } = metadata;
  const target = spec.targetRef.name;
  const service = set.find('ModelService', namespace, target);
  if (service === undefined) {
    if (!set.isMissing('ModelService', namespace, target)) return same;
    return [
      ...same,
      error(['spec', 'targetRef', 'name'], missingObject(set, 'ModelService', namespace, target)),
    ];
  }
  const to = spec.rollback.to;
  return [
    ...versionFindings(service, ['spec', 'stable'], spec.stable),
    ...versionFindings(service, ['spec', 'candidate'], spec.candidate),
    ...(to === 'stable' ? [] : versionFindings(service, ['spec', 'rollback', 'to'], to)),
    ...(to === spec.candidate ? [error(['spec', 'rollback', 'to'], 'is the candidate itself; stable')] : []),
    ...same,
  ];
}

type Steps = NonNullable<ModelRollout['spec']['strategy']['steps']>;

function stepFindings(steps: Steps): readonly Finding[] {
  if (steps.length === 0) return [];
  const path = ['spec', 'strategy', 'steps'];
  const findings: Finding[] = [];
  let weight: number | undefined;
  for (const [index, { setWeight, slices }] of steps.entries()) {
    if (setWeight === undefined) continue;
    // A step for slices may leave everybody else where they are.
    if (weight !== undefined && (setWeight < weight || (setWeight === weight && slices === undefined))) {
      const text = `${setWeight} does not rise; more than the ${weight} before it`;
      findings.push(error([...path, index, 'setWeight'], text));
    }
    weight = setWeight;
  }
  const last = steps.at(-1);
  const staysOpen = last?.pause !== undefined && last.pause.duration === undefined;
  if (weight !== 100 && !(staysOpen && weight !== undefined)) {
    const wrong = weight === undefined ? 'no step sets a weight' : `the last weight is ${weight}`;
    const text = `${wrong}; {setWeight: 100} at the end, or {pause: {}} to wait there until someone promotes`;
    findings.push(error([...path, steps.length - 1], text));
  }
  return findings;
}

/** A bound on what nobody scales. */
function surgeFindings({ spec, metadata }: ModelRollout, set: ObjectSet): readonly Finding[] {
  const service = set.find('ModelService', metadata.namespace, spec.targetRef.name);
  if (spec.scaling.maxSurge === undefined || service === undefined) return [];
  const both = service.spec.versions.filter(({ name }) => name === spec.stable || name === spec.candidate);
  if (both.some(({ scaleTargetRef }) => scaleTargetRef !== undefined)) return [];
  const text = `bounds nothing: neither version of ${quote(spec.targetRef.name)} has a scaleTargetRef; scaleTargetRef: {name: DEPLOYMENT} there`;
  return [warning(['spec', 'scaling', 'maxSurge'], text)];
}

/** A pause that outlasts the deadline would end every rollout by a rollback. */
function deadlineFindings({ strategy, progressDeadline }: ModelRollout['spec']): readonly Finding[] {
  const waits: readonly (readonly [FieldPath, number | undefined])[] = [
    ...(strategy.steps ?? []).map(
      (step, index) => [['steps', index, 'pause', 'duration'], step.pause?.duration] as const,
    ),
    [['linear', 'every'], strategy.linear?.every],
    [['blueGreen', 'previewDuration'], strategy.blueGreen?.previewDuration],
    [['mirrorFirst', 'duration'], strategy.mirrorFirst?.duration],
  ];
  const limit = formatDuration(progressDeadline);
  return waits.flatMap(([path, wait]) => {
    if (wait === undefined || wait < progressDeadline) return [];
    const text = `${formatDuration(wait)} reaches the progressDeadline (${limit}); a shorter wait, or a longer progressDeadline`;
    return [error(['spec', 'strategy', ...path], text)];
  });
}

function hookFindings(hooks: ModelRollout['spec']['analysis']['webhooks']): readonly Finding[] {
  return hooks.flatMap(({ type, format }, index) => {
    if (type === 'on-event' || format === 'generic') return [];
    const text = `${format} cannot answer a question; generic, or the type on-event`;
    return [error(['spec', 'analysis', 'webhooks', index, 'format'], text)];
  });
}
