import { describe, expect, it } from 'vitest';
import { acceptObjects, candidateOf, findingText } from './accept-objects.ts';
import type { ApiObject } from './kinds.ts';
import { keyOf } from './object-set.ts';

const apiVersion = 'penstock.dev/v1alpha1';

function service(name: string, spec: object = {}) {
  const versions = ['v1', 'v2'].map((version, index) => ({
    name: version,
    endpoints: { static: [{ address: '127.0.0.1', port: 9101 + index }] },
  }));
  return { apiVersion, kind: 'ModelService', metadata: { name }, spec: { port: 9000, versions, ...spec } };
}

function rollout(name: string, spec: object = {}) {
  return {
    apiVersion,
    kind: 'ModelRollout',
    metadata: { name },
    spec: {
      targetRef: { name: 'fraud' },
      stable: 'v1',
      candidate: 'v2',
      strategy: { steps: [{ setWeight: 100 }] },
      ...spec,
    },
  };
}

type Given = Parameters<typeof candidateOf>[0];

function accept(given: readonly Given[], previous: readonly ApiObject[] = []) {
  const before = new Map(previous.map((each) => [keyOf(each.kind, each.metadata), each]));
  const { objects, verdicts } = acceptObjects(given.map(candidateOf), before);
  const said = Object.fromEntries(
    [...verdicts].map(([key, { inForce, findings }]) => [key, [inForce, ...findings.map(findingText)]]),
  );
  return { objects, said };
}

describe('objects of many owners', () => {
  it('are in force when they are valid', () => {
    expect(accept([service('fraud'), rollout('r')]).said).toEqual({
      'ModelService/default/fraud': ['wanted'],
      'ModelRollout/default/r': ['wanted'],
    });
  });

  it('do not hold each other up: what is not valid stays as it was', () => {
    const { objects } = accept([service('fraud'), service('other')]);
    const { objects: now, said } = accept(
      [service('fraud', { prot: 1 }), service('other', { port: 9001 })],
      objects,
    );
    expect(said).toEqual({
      'ModelService/default/fraud': ['previous', 'spec.prot: unknown field "prot"; did you mean "port"'],
      'ModelService/default/other': ['wanted'],
    });
    expect(now.map(({ spec }) => 'port' in spec && spec.port)).toEqual([9000, 9001]);
  });

  it('that never were valid are not in force, and a reference to them is no other error', () => {
    expect(accept([service('fraud', { prot: 1 }), rollout('r')]).said).toMatchObject({
      'ModelService/default/fraud': ['none', expect.stringContaining('unknown field')],
      'ModelRollout/default/r': ['wanted'],
    });
  });

  it('that exclude each other: the one in force goes first', () => {
    const { objects } = accept([service('fraud'), rollout('second')]);
    const { said } = accept([service('fraud'), rollout('first'), rollout('second')], objects);
    expect(said).toMatchObject({
      'ModelRollout/default/first': ['none', expect.stringContaining('has the rollout "second" already')],
      'ModelRollout/default/second': ['wanted'],
    });
  });

  it('whose reference leads nowhere say so', () => {
    expect(accept([rollout('r')]).said).toEqual({
      'ModelRollout/default/r': [
        'none',
        expect.stringContaining('there is no ModelService "fraud" in namespace "default"'),
      ],
    });
  });

  it('keep the old form that still fits when the new one does not', () => {
    const { objects } = accept([service('fraud'), rollout('r')]);
    const { objects: now, said } = accept([service('fraud'), rollout('r', { candidate: 'v3' })], objects);
    expect(said['ModelRollout/default/r']).toEqual(['previous', expect.stringContaining('no version "v3"')]);
    expect(now).toHaveLength(2);
  });
});
