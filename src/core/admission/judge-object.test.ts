import { describe, expect, it } from 'vitest';
import type { ApiObject } from '../api/kinds.ts';
import { formatProblem } from '../api/problem.ts';
import { readSpecs } from '../api/read-specs.ts';
import { judgeObject } from './judge-object.ts';

function service(name: string, versions: readonly string[], hosts?: readonly string[]): object {
  const given = versions.map((version, index) => ({
    name: version,
    endpoints: { static: [{ address: '10.0.0.1', port: 9000 + index }] },
  }));
  const spec = { port: 9000, versions: given, ...(hosts && { hosts }) };
  return { apiVersion: 'penstock.dev/v1alpha1', kind: 'ModelService', metadata: { name }, spec };
}

function rollout(name: string, spec: object = {}): object {
  return {
    apiVersion: 'penstock.dev/v1alpha1',
    kind: 'ModelRollout',
    metadata: { name },
    spec: {
      targetRef: { name: 'fraud' },
      stable: 'v1',
      candidate: 'v2',
      strategy: { steps: [{ setWeight: 100 }] },
      analysis: { metrics: [{ name: 'errors', type: 'ErrorRate' }] },
      ...spec,
    },
  };
}

function parsed(...objects: readonly object[]): readonly ApiObject[] {
  return readSpecs(objects.map((each) => ({ file: 'f', text: JSON.stringify(each) }))).objects;
}

const fraud = service('fraud', ['v1', 'v2']);

describe('an object that comes to a cluster', () => {
  it.each([
    ['a good one', rollout('fraud-v2'), [fraud]],
    ['an unknown version', rollout('fraud-v2', { candidate: 'v3' }), [fraud]],
    ['an unknown field', rollout('fraud-v2', { stabel: 'v1' }), [fraud]],
    [
      'weights that fall',
      rollout('x', { strategy: { steps: [{ setWeight: 9 }, { setWeight: 5 }] } }),
      [fraud],
    ],
    ['a second rollout of a service', rollout('other'), [fraud, rollout('fraud-v2')]],
    ['a host that is taken', service('b', ['v1'], ['a.example']), [service('a', ['v1'], ['a.example'])]],
  ])('is judged as penstock check judges it: %s', (_, object, others) => {
    const texts = [...others, object].map((each) => ({ file: 'f', text: JSON.stringify(each) }));
    const said = readSpecs(texts)
      .problems.filter(({ severity }) => severity === 'error')
      .map((each) => formatProblem(each).replace(/^f:\d+: /, ''));
    // A file's findings are in the order of its lines; an object has none.
    expect(judgeObject(object, parsed(...others)).errors.toSorted()).toEqual(said.toSorted());
  });

  it('is not refused for what may come after it', () => {
    expect(judgeObject(rollout('fraud-v2'), [])).toEqual({
      errors: [],
      warnings: [expect.stringMatching(/^spec\.targetRef\.name: there is no ModelService "fraud"/)],
    });
  });

  it('is told what it does to others, and taken', () => {
    const judgement = judgeObject(service('fraud', ['v1']), parsed(fraud, rollout('fraud-v2')));
    expect(judgement).toEqual({
      errors: [],
      warnings: [
        expect.stringMatching(/^ModelRollout default\/fraud-v2: spec\.candidate: .* has no version "v2"/),
      ],
    });
  });

  it('may be what it was before', () => {
    expect(judgeObject(fraud, parsed(fraud)).errors).toEqual([]);
  });

  it('is read without what the API server adds', () => {
    const metadata = { name: 'fraud', uid: 'u', generation: 1, managedFields: [], creationTimestamp: null };
    expect(judgeObject({ ...fraud, metadata, status: { any: 1 } }, []).errors).toEqual([]);
  });

  it('may have a name that the server is to make up', () => {
    expect(judgeObject({ ...fraud, metadata: { generateName: 'fraud-' } }, []).errors).toEqual([]);
  });

  it.each([[undefined], ['text'], [{}], [{ kind: 'Pod' }]])(
    'is refused when it is none of ours: %j',
    (value) => {
      expect(judgeObject(value, []).errors).not.toEqual([]);
    },
  );
});
