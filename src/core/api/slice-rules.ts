import type { ModelRollout } from './model-rollout.ts';
import { repeatedNames } from './object-set.ts';
import { error, type Finding } from './problem.ts';
import { quote } from './quote.ts';

/** What the shape of slices cannot say: whom steps speak of, and that no user is moved back. */
export function sliceFindings({ slices, match, strategy }: ModelRollout['spec']): readonly Finding[] {
  return [
    ...repeatedNames(['spec', 'slices'], slices),
    ...(slices.length > 0 && match.length > 0
      ? [
          error(
            ['spec', 'match'],
            'a rollout with slices is for everybody; a slice with this match, or no slices',
          ),
        ]
      : []),
    ...(slices.length > 0 && strategy.blueGreen !== undefined
      ? [
          error(
            ['spec', 'slices'],
            'blueGreen has one switch for everybody; steps or linear, or previewMatch',
          ),
        ]
      : []),
    ...stepsOf(slices, strategy.steps ?? []),
  ];
}

type Slices = ModelRollout['spec']['slices'];
type Steps = NonNullable<ModelRollout['spec']['strategy']['steps']>;

function stepsOf(slices: Slices, steps: Steps): readonly Finding[] {
  const findings: Finding[] = [];
  const own = new Map(slices.map(({ name, weight }) => [name, weight]));
  let everybody = 0;
  for (const [index, step] of steps.entries()) {
    const path = ['spec', 'strategy', 'steps', index, 'slices'];
    for (const [name, weight] of Object.entries(step.slices ?? {})) {
      if (!own.has(name)) {
        const known = slices.length === 0 ? 'none is written under spec.slices' : [...own.keys()].join(', ');
        findings.push(error([...path, name], `${quote(name)} is no slice of this rollout; ${known}`));
        continue;
      }
      const before = own.get(name) ?? everybody;
      if (weight < before) {
        const text = `${weight} is less than the ${before} before it; at least as much, or users would be moved back`;
        findings.push(error([...path, name], text));
      }
      own.set(name, weight);
    }
    everybody = step.setWeight ?? everybody;
  }
  return findings;
}
