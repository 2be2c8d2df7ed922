import { describe, expect, it } from 'vitest';
import { type Case, object, problemsOf, service } from './testdata/spec-text.ts';

describe('a service', () => {
  const cases: readonly Case[] = [
    [
      'with two versions of a name',
      [service('a', '', 'v1: 1, v1: 2')],
      ['6: spec.versions[1].name: "v1" is the name of entry [0] already; a name of its own'],
    ],
    [
      'with an unknown default',
      [service('a', 'defaultVersion: v3')],
      ['7: spec.defaultVersion: ModelService "a" has no version "v3"; one of v1, v2'],
    ],
    [
      'with an unknown mirror',
      [service('a', 'mirror: {version: v22}')],
      ['7: spec.mirror.version: ModelService "a" has no version "v22"; did you mean "v2"'],
    ],
    [
      'that mirrors onto itself',
      [service('a', 'mirror: {version: v1}')],
      [
        '7: spec.mirror.version: warning: v1 gets the copies of its own requests; a version other than defaultVersion',
      ],
    ],
    [
      'with an instance behind two versions',
      [service('a', '', 'v1: 1, v2: 1')],
      [
        '6: spec.versions[1].endpoints.static[0]: 10.0.0.1:1 is given in versions[0].endpoints.static[0] already; each instance once',
      ],
    ],
    [
      'with a source behind two versions',
      [
        object(
          'ModelService',
          'a',
          'port: 1\n  versions: [{name: v1, endpoints: {dns: {name: h, port: 1}}}, {name: v2, endpoints: {dns: {name: h, port: 1}}}]',
        ),
      ],
      [
        '6: spec.versions[1].endpoints.dns: DNS name h:1 is given in versions[0].endpoints.dns already; each instance once',
      ],
    ],
    [
      'that scales what is not found in the cluster',
      [
        object(
          'ModelService',
          'a',
          'port: 1\n  versions: [{name: v1, endpoints: {dns: {name: h, port: 1}}, scaleTargetRef: {name: a}}]',
        ),
      ],
      [
        '6: spec.versions[0].scaleTargetRef: is of a version whose endpoints are no pods; endpoints.kubernetes beside it',
      ],
    ],
    [
      'with one Deployment for two versions',
      [
        object(
          'ModelService',
          'a',
          'port: 1\n  versions: [{name: v1, endpoints: {kubernetes: {service: a}}, scaleTargetRef: {name: a}}, {name: v2, endpoints: {kubernetes: {service: b}}, scaleTargetRef: {name: a}}]',
        ),
      ],
      ['6: spec.versions[1].scaleTargetRef.name: a runs v1 already; a Deployment for each version'],
    ],
    [
      'with a host given twice',
      [service('a', 'hosts: [h, h]')],
      ['7: spec.hosts[1]: "h" is given twice; each host once'],
    ],
    [
      'with a try longer than the request',
      [service('a', 'retries: {perTryTimeout: 31s}')],
      [
        '7: spec.retries.perTryTimeout: is longer than the whole request may take; less than timeouts.request (30s)',
      ],
    ],
    [
      'with a hedge after the end',
      [service('a', 'retries: {hedging: {after: 30s}}')],
      ['7: spec.retries.hedging.after: comes when the request is over; less than timeouts.request (30s)'],
    ],
    [
      'with a gRPC check of an HTTP service',
      [service('a', 'protocol: http\n  healthCheck: {grpc: {}}')],
      ['8: spec.healthCheck.grpc: cannot ask a service of protocol http; http: {path}'],
    ],
  ];
  it.each(cases)('%s', (_, objects, problems) => {
    expect(problemsOf(...objects)).toEqual(problems);
  });
});
