import * as z from 'zod';
import { explainIssues } from '../api/explain-issue.ts';
import { identityPattern } from '../api/identity.ts';
import { placed } from '../api/parse.ts';
import { formatProblem } from '../api/problem.ts';
import { record } from '../api/record.ts';
import { readSource } from '../api/yaml-source.ts';
import { matchesIdentity } from './spiffe.ts';

const servicePattern = z
  .string()
  .regex(/^([a-z0-9-]+|\*)\/([a-z0-9-]+|\*)$/, 'NAMESPACE/NAME, NAMESPACE/* or */*');
const nodePattern = z.string().regex(/^[^*\s]+\*?$|^\*$/, 'a node id, or the beginning of one and *');

const rule = record({
  identity: identityPattern().describe('Whom the rule is for.'),
  serves: z.array(servicePattern).default([]).describe('Services that it may stand in front of.'),
  calls: z.array(servicePattern).default([]).describe('Services that it may be told of, to call them.'),
  nodes: z.array(nodePattern).default(['*']).describe('Node ids that it may use.'),
});

const policySchema = record({ rules: z.array(rule).min(1) });

/** Which identity may be which sidecar. What no rule allows is refused. */
export type AccessPolicy = z.output<typeof policySchema>;

/** The policy file cannot be used; one line for each problem. */
export class PolicyRefused extends Error {
  override readonly name = 'PolicyRefused';
}

/** What one identity may do. Equal keys are equal scopes. */
export interface AccessScope {
  readonly key: string;
  /** Services it may be in front of. */
  readonly serves: readonly string[];
  /** Services it may call. */
  readonly calls: readonly string[];
  readonly nodes: readonly string[];
}

/** @throws {PolicyRefused} */
export function parseAccessPolicy(file: string, text: string): AccessPolicy {
  const [document, ...more] = readSource(text);
  if (document === undefined || more.length > 0)
    throw new PolicyRefused(
      `${file}: holds ${more.length === 0 ? 'nothing' : 'several documents'}; one is needed, with rules`,
    );
  const parsed = policySchema.safeParse(document.value);
  if (document.findings.length === 0 && parsed.success) return parsed.data;
  const inFields =
    parsed.success || !document.readable ? [] : explainIssues(parsed.error.issues, document.value);
  const problems = [
    ...document.findings.map((finding) => placed(finding, file, finding)),
    ...inFields.map((finding) => placed(finding, file, document.locate(finding.path))),
  ];
  throw new PolicyRefused(problems.map(formatProblem).join('\n'));
}

/** All that the rules for an identity allow together; undefined: no rule is for it. */
export function scopeOf(policy: AccessPolicy, identity: string): AccessScope | undefined {
  const rules = policy.rules.filter((each) => matchesIdentity(each.identity, identity));
  if (rules.length === 0) return undefined;
  const all = (pick: 'serves' | 'calls' | 'nodes') =>
    [...new Set(rules.flatMap((each) => each[pick]))].sort();
  const scope = { serves: all('serves'), calls: all('calls'), nodes: all('nodes') };
  return { ...scope, key: JSON.stringify(scope) };
}

/** Whether one of the patterns means the service `NAMESPACE/NAME`. */
export function includesService(patterns: readonly string[], service: string): boolean {
  const [namespace, name] = service.split('/');
  return patterns.some((pattern) => {
    const [wantedNamespace, wantedName] = pattern.split('/');
    return (
      (wantedNamespace === '*' || wantedNamespace === namespace) &&
      (wantedName === '*' || wantedName === name)
    );
  });
}

/** Whether one of the patterns means the node id. */
export function includesNode(patterns: readonly string[], nodeId: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? nodeId.startsWith(pattern.slice(0, -1)) : pattern === nodeId,
  );
}
