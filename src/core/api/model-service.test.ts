import { describe, expect, it } from 'vitest';
import { parseFile } from './parse.ts';

/** Each case: what is wrong, the spec with it on a line of its own, and the problem as `line: path: wrong; right`. */
type Case = readonly [what: string, line: string, problem: string];

const head = 'apiVersion: penstock.dev/v1alpha1\nkind: ModelService\nmetadata: {name: a}\nspec:\n';

function problemsOf(text: string): string[] {
  return parseFile('f', text).problems.map((it) => `${it.line}: ${it.path}: ${it.message}; ${it.hint}`);
}

describe('a ModelService with a wrong value', () => {
  const versions = '  versions: [{name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}]}}]\n';
  const cases: readonly Case[] = [
    ['an unknown field', 'hots: []', '7: spec.hots: unknown field "hots"; did you mean "hosts"'],
    ['no host', 'hosts: []', '7: spec.hosts: is an empty list; at least 1 entry'],
    [
      'a wildcard host',
      'hosts: ["*.models"]',
      '7: spec.hosts[0]: "*.models" is a wildcard, and sidecars know hosts by their whole names; each host by itself',
    ],
    [
      'a host with a port',
      'hosts: ["a:80"]',
      '7: spec.hosts[0]: "a:80" is not a host name; lower-case labels with dots, such as "fraud.default.svc.cluster.local"',
    ],
    [
      'a protocol of another case',
      'protocol: GRPC',
      '7: spec.protocol: is "GRPC"; did you mean "grpc": one of grpc, http',
    ],
    ['a number for a name', 'defaultVersion: 1', '7: spec.defaultVersion: is 1; text, in quotes: "1"'],
    ['an empty map', 'timeouts:', '7: spec.timeouts: is empty; a map of fields, or leave the field out'],
    ['a list for a map', 'timeouts: []', '7: spec.timeouts: is a list; a map of fields'],
    [
      'a duration without unit',
      'timeouts: {connect: 10}',
      '7: spec.timeouts.connect: 10 has no unit; a duration such as "10s" or "10ms"',
    ],
    [
      'a duration with a wrong unit',
      'timeouts: {connect: 10sec}',
      '7: spec.timeouts.connect: "10sec" is not a duration; numbers with the units h, m, s or ms, such as "30s", "80ms" or "1h30m"',
    ],
    [
      'a duration out of range',
      'timeouts: {connect: 0s}',
      '7: spec.timeouts.connect: 0s is out of range; from 1ms to 5m',
    ],
    [
      'two keys in one',
      'stickiness: [{header: x-a, sourceIp: true}]',
      '7: spec.stickiness[0]: header and sourceIp exclude each other; exactly one of header, sourceIp',
    ],
    [
      'a key of nothing',
      'stickiness: [{}]',
      '7: spec.stickiness[0]: nothing is chosen; exactly one of header, sourceIp',
    ],
    [
      'a header in upper case',
      'stickiness: [{header: X-A}]',
      '7: spec.stickiness[0].header: "X-A" is not a header\'s name; lower case without spaces, such as "x-user-id"',
    ],
    ['a false flag', 'stickiness: [{sourceIp: false}]', '7: spec.stickiness[0].sourceIp: is false; true'],
    [
      'an unknown policy',
      'loadBalancing: {policy: LeastReqest}',
      '7: spec.loadBalancing.policy: is "LeastReqest"; did you mean "LeastRequest": one of LeastRequest, RoundRobin, Random, Maglev, RingHash, Utilization',
    ],
    [
      'affinity without hashing',
      'loadBalancing: {policy: Random, affinity: {header: x-s}}',
      '7: spec.loadBalancing.policy: Random cannot keep an affinity; Maglev or RingHash, or no affinity',
    ],
    [
      'a slow start of a hash',
      'loadBalancing: {policy: Maglev, slowStart: 1s}',
      '7: spec.loadBalancing.slowStart: Maglev has no slow start; LeastRequest or RoundRobin, or slowStart 0s',
    ],
    ['too many retries', 'retries: {attempts: 11}', '7: spec.retries.attempts: is 11; at most 10'],
    ['half a retry', 'retries: {attempts: 1.5}', '7: spec.retries.attempts: is 1.5; a whole number'],
    [
      'an unknown condition',
      'retries: {on: [unavailble]}',
      '7: spec.retries.on[0]: is "unavailble"; did you mean "unavailable": one of unavailable, cancelled, deadline-exceeded, internal, resource-exhausted, 5xx, gateway-error, connect-failure, refused-stream, reset, retriable-4xx',
    ],
    [
      'a backoff that shrinks',
      'retries: {backoff: {base: 1s, max: 10ms}}',
      '7: spec.retries.backoff.max: is shorter than base; at least base',
    ],
    [
      'a budget over all',
      'retries: {budgetPercent: 120}',
      '7: spec.retries.budgetPercent: is 120; at most 100',
    ],
    [
      'a check of both kinds',
      'healthCheck: {grpc: {}, http: {}}',
      '7: spec.healthCheck: grpc and http exclude each other; exactly one of grpc, http',
    ],
    [
      'a relative path',
      'healthCheck: {http: {path: ready}}',
      '7: spec.healthCheck.http.path: "ready" is not a path; it begins with "/" and has no spaces, "?" or "#"',
    ],
    ['a mirror to nowhere', 'mirror: {percent: 10}', '7: spec.mirror.version: is missing; text'],
    ['not a number', 'mirror: {version: v1, percent: .nan}', '7: spec.mirror.percent: is NaN; a number'],
  ];
  it.each(cases)('with %s', (_, line, problem) => {
    expect(problemsOf(`${head}  port: 9000\n${versions}  ${line}\n`)).toEqual([problem]);
  });

  const versionCases: readonly Case[] = [
    ['no version', '[]', '6: spec.versions: is an empty list; at least 1 entry'],
    [
      'a version without a name',
      '[{endpoints: {dns: {name: a, port: 1}}}]',
      '6: spec.versions[0].name: is missing; text',
    ],
    [
      'a bad name',
      '[{name: V_1, endpoints: {dns: {name: a, port: 1}}}]',
      '6: spec.versions[0].name: "V_1" is not a name; at most 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit',
    ],
    ['no endpoints', '[{name: v1}]', '6: spec.versions[0].endpoints: is missing; a map of fields'],
    [
      'no source',
      '[{name: v1, endpoints: {}}]',
      '6: spec.versions[0].endpoints: nothing is chosen; at least one of static, dns, consul, kubernetes',
    ],
    [
      'a host as address',
      '[{name: v1, endpoints: {static: [{address: localhost, port: 1}]}}]',
      '6: spec.versions[0].endpoints.static[0].address: "localhost" is not an IP address; an address such as "10.0.0.7", or the source "dns" for a host name',
    ],
    [
      'port 0',
      '[{name: v1, endpoints: {static: [{address: "::1", port: 0}]}}]',
      '6: spec.versions[0].endpoints.static[0].port: is 0; at least 1',
    ],
    [
      'port 65536',
      '[{name: v1, endpoints: {static: [{address: "::1", port: 65536}]}}]',
      '6: spec.versions[0].endpoints.static[0].port: is 65536; at most 65535',
    ],
    [
      'a weight of 0',
      '[{name: v1, endpoints: {static: [{address: "::1", port: 1, weight: 0}]}}]',
      '6: spec.versions[0].endpoints.static[0].weight: is 0; at least 1',
    ],
    [
      'a port in quotes',
      '[{name: v1, endpoints: {static: [{address: "::1", port: "1"}]}}]',
      '6: spec.versions[0].endpoints.static[0].port: is the text "1"; a number, without quotes: 1',
    ],
    [
      'an empty selector',
      '[{name: v1, endpoints: {kubernetes: {selector: {}}}}]',
      '6: spec.versions[0].endpoints.kubernetes.selector: is empty; at least one label, such as app: fraud',
    ],
    [
      'pods of nothing',
      '[{name: v1, endpoints: {kubernetes: {port: 1}}}]',
      '6: spec.versions[0].endpoints.kubernetes: nothing is chosen; at least one of selector, service',
    ],
  ];
  it.each(versionCases)('with %s', (_, value, problem) => {
    expect(problemsOf(`${head}  port: 9000\n  versions: ${value}\n`)).toEqual([problem]);
  });

  it('without a spec, a name and a port', () => {
    expect(problemsOf('apiVersion: penstock.dev/v1alpha1\nkind: ModelService\nmetadata: {}\n')).toEqual([
      '3: metadata.name: is missing; text',
      '1: spec: is missing; a map of fields',
    ]);
  });
});
