import { findingText } from '../api/accept-objects.ts';
import type { ApiObject } from '../api/kinds.ts';
import { keyOf } from '../api/object-set.ts';
import { parseObject } from '../api/parse.ts';
import type { Finding } from '../api/problem.ts';
import { validateSet } from '../api/validate-set.ts';

/** What is said of an object before it is stored; texts as `penstock check` has them after `file:line: `. */
export interface Judgement {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Judges an object as `penstock check` would among the others. Objects reach a cluster one by one, in any order:
 * what only misses something that may come, and what it does to others, is a warning.
 * @param others what is there already; an earlier form of the same object is left out
 */
export function judgeObject(value: unknown, others: readonly ApiObject[]): Judgement {
  const parsed = parseObject(withoutServerFields(value));
  if ('findings' in parsed) return sorted(parsed.findings);
  const { object } = parsed;
  const key = keyOf(object.kind, object.metadata);
  const rest = others.filter((each) => keyOf(each.kind, each.metadata) !== key);
  const own = ownFindings([...rest, object]);
  const certain = new Set(ownFindings([...rest, object], false).map(findingText));
  const before = new Set(othersFindings(others).map(({ text }) => text));
  const broken = othersFindings([...rest, object]).filter(
    ({ text, of }) => of !== object && !before.has(text),
  );
  return {
    errors: own.flatMap((finding) =>
      finding.severity === 'error' && certain.has(findingText(finding)) ? findingText(finding) : [],
    ),
    warnings: [
      ...own.flatMap((finding) =>
        finding.severity === 'warning' || !certain.has(findingText(finding)) ? findingText(finding) : [],
      ),
      ...broken.map(({ text }) => text),
    ],
  };
}

/** Of the last of these objects. */
function ownFindings(objects: readonly ApiObject[], complete = true): readonly Finding[] {
  return validateSet(objects, { complete }).flatMap(({ index, finding }) =>
    index === objects.length - 1 ? [finding] : [],
  );
}

function othersFindings(
  objects: readonly ApiObject[],
): readonly { readonly of: ApiObject; readonly text: string }[] {
  return validateSet(objects).flatMap(({ index, finding }) => {
    const of = objects[index];
    if (of === undefined || finding.severity === 'warning') return [];
    const { kind, metadata } = of;
    return [{ of, text: `${kind} ${metadata.namespace}/${metadata.name}: ${findingText(finding)}` }];
  });
}

function sorted(findings: readonly Finding[]): Judgement {
  const texts = (severity: Finding['severity']) =>
    findings.filter((each) => each.severity === severity).map(findingText);
  return { errors: texts('error'), warnings: texts('warning') };
}

/** As a person would write it: without what the API server adds, and without the status. */
function withoutServerFields(value: unknown): unknown {
  if (!isRecord(value) || !isRecord(value.metadata)) return value;
  const { apiVersion, kind, metadata, spec } = value;
  const { generateName, namespace, labels, annotations } = metadata;
  // A name that the server is to make up does not exist yet.
  const name = metadata.name ?? (typeof generateName === 'string' ? `${generateName}x` : undefined);
  const given = Object.entries({ name, namespace, labels, annotations });
  const kept = Object.fromEntries(given.filter(([, each]) => each !== undefined));
  return { apiVersion, kind, metadata: kept, ...(spec === undefined ? {} : { spec }) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
