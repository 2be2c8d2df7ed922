import { parseAllDocuments } from 'yaml';
import { findingText } from '../../src/core/api/accept-objects.ts';
import { parseFile, parseObject } from '../../src/core/api/parse.ts';
import { formatProblem } from '../../src/core/api/problem.ts';
import { validateSet } from '../../src/core/api/validate-set.ts';
import type { CodeBlock } from './code-blocks.ts';

const API_VERSION = 'penstock.dev/v1alpha1';

/** What YAML of others begins with: Kubernetes, Prometheus, GitHub, Istio, and files of ours that are no objects. */
const FOREIGN = [
  'apiVersion',
  'jobs',
  'metadata',
  'oidc',
  'rule_files',
  'rules',
  'scrape_configs',
  'sidecar.istio.io/bootstrapOverride',
];

/** The least of each kind, into which a part of its spec is put to be judged. */
const SKELETONS: readonly { readonly kind: string; readonly spec: object }[] = [
  {
    kind: 'ModelService',
    spec: {
      port: 9000,
      versions: ['v1', 'v2'].map((name, index) => ({
        name,
        endpoints: { static: [{ address: '127.0.0.1', port: 9101 + index }] },
      })),
    },
  },
  {
    kind: 'ModelRollout',
    spec: {
      targetRef: { name: 'example' },
      stable: 'v1',
      candidate: 'v2',
      strategy: { linear: { every: '1h' } },
    },
  },
  { kind: 'TrafficPolicy', spec: { targetRef: { name: 'example' } } },
];

/**
 * What is wrong with a block of YAML: whole objects are judged as `penstock check` does (what it refers to may be
 * elsewhere), parts of a spec within the least object that takes them.
 */
export function specProblems(file: string, block: CodeBlock): readonly string[] {
  if (/^apiVersion: penstock\.dev\//m.test(block.text)) return objectProblems(file, block);
  const at = `${file}:${block.line}: `;
  const documents = parseAllDocuments(block.text);
  const broken = documents.flatMap(({ errors }) => errors.map(({ message }) => at + message));
  if (broken.length > 0) return broken;
  return documents.flatMap((document) => partProblems(document.toJS()).map((problem) => at + problem));
}

function objectProblems(file: string, { line, text }: CodeBlock): readonly string[] {
  // Padded, so that a problem has the line of the document.
  const { objects, problems } = parseFile(file, '\n'.repeat(line - 1) + text);
  const references = validateSet(
    objects.map(({ object }) => object),
    { complete: false },
  );
  return [
    ...problems.filter(({ severity }) => severity === 'error').map(formatProblem),
    ...references
      .filter(({ finding }) => finding.severity === 'error')
      .map(({ index, finding }) => {
        const at = objects[index]?.locate(finding.path).line ?? line;
        return `${file}:${at}: ${findingText(finding)}`;
      }),
  ];
}

function partProblems(part: unknown): readonly string[] {
  if (typeof part !== 'object' || part === null || Array.isArray(part))
    return ['is neither an object nor a part of a spec; say which field it belongs to'];
  if (Object.keys(part).some((key) => FOREIGN.includes(key))) return [];
  // `kind: …` with a `spec:` of which the rest is left out says itself what it is a part of.
  const named = part as { readonly kind?: unknown; readonly spec?: object };
  const isNamed = SKELETONS.some(({ kind }) => kind === named.kind);
  const fields = isNamed ? named.spec : part;
  const skeletons = SKELETONS.filter(({ kind }) => !isNamed || kind === named.kind);
  const tried = skeletons.map(({ kind, spec }) => {
    const whole = {
      apiVersion: API_VERSION,
      kind,
      metadata: { name: 'example' },
      spec: { ...spec, ...fields },
    };
    const parsed = parseObject(whole);
    const findings = 'object' in parsed ? [] : parsed.findings;
    // It is a part of the kind that knows its fields, right or wrong.
    const isStrange = findings.some(
      ({ path, message }) => path.length === 2 && message.startsWith('unknown field'),
    );
    const problems = findings.map((finding) => `as a part of a ${kind}: ${findingText(finding)}`);
    return { problems, distance: problems.length + (isStrange ? 1000 : 0) };
  });
  return tried.reduce((least, each) => (each.distance < least.distance ? each : least)).problems;
}
