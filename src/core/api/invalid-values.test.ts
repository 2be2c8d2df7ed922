import { describe, expect, it } from 'vitest';
import { parseFile } from './parse.ts';

/** Each case: what is wrong, the spec with it on a line of its own, and the problem as `line: path: wrong; right`. */
type Case = readonly [what: string, line: string, problem: string];

const head = (kind: string) =>
  `apiVersion: penstock.dev/v1alpha1\nkind: ${kind}\nmetadata: {name: a}\nspec:\n`;

function problemsOf(text: string): string[] {
  return parseFile('f', text).problems.map((it) => `${it.line}: ${it.path}: ${it.message}; ${it.hint}`);
}

describe('ModelService', () => {
  const versions = '  versions: [{name: v1, endpoints: {static: [{address: 10.0.0.1, port: 1}]}}]\n';
  const cases: readonly Case[] = [
    ['an unknown field', 'hots: []', '7: spec.hots: unknown field "hots"; did you mean "hosts"'],
    ['no host', 'hosts: []', '7: spec.hosts: is an empty list; at least 1 entry'],
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
    expect(problemsOf(`${head('ModelService')}  port: 9000\n${versions}  ${line}\n`)).toEqual([problem]);
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
    expect(problemsOf(`${head('ModelService')}  port: 9000\n  versions: ${value}\n`)).toEqual([problem]);
  });

  it('without a spec, a name and a port', () => {
    expect(problemsOf('apiVersion: penstock.dev/v1alpha1\nkind: ModelService\nmetadata: {}\n')).toEqual([
      '3: metadata.name: is missing; text',
      '1: spec: is missing; a map of fields',
    ]);
  });
});

describe('ModelRollout', () => {
  const base = `${head('ModelRollout')}  targetRef: {name: s}\n  stable: v1\n  candidate: v2\n`;
  const strategies: readonly Case[] = [
    ['no strategy', '{}', '8: spec.strategy: nothing is chosen; exactly one of steps, linear, blueGreen'],
    [
      'two strategies',
      '{linear: {}, blueGreen: {}}',
      '8: spec.strategy: linear and blueGreen exclude each other; exactly one of steps, linear, blueGreen',
    ],
    [
      'a misspelt step',
      '{steps: [{setWeigth: 5}]}',
      '8: spec.strategy.steps[0].setWeigth: unknown field "setWeigth"; did you mean "setWeight"',
    ],
    [
      'an empty step',
      '{steps: [{}]}',
      '8: spec.strategy.steps[0]: nothing is chosen; exactly one of setWeight, pause',
    ],
    [
      'a weight over 100',
      '{steps: [{setWeight: 101}]}',
      '8: spec.strategy.steps[0].setWeight: is 101; at most 100',
    ],
    [
      'a negative weight',
      '{steps: [{setWeight: -1}]}',
      '8: spec.strategy.steps[0].setWeight: is -1; at least 0',
    ],
    [
      'a ramp that falls',
      '{linear: {start: 50, max: 10}}',
      '8: spec.strategy.linear.max: is less than start; at least start',
    ],
    ['a ramp that stands', '{linear: {step: 0}}', '8: spec.strategy.linear.step: is 0; more than 0'],
  ];
  it.each(strategies)('with %s', (_, value, problem) => {
    expect(problemsOf(`${base}  strategy: ${value}\n`)).toEqual([problem]);
  });

  const metrics: readonly Case[] = [
    [
      'no type',
      '{name: m}',
      '10: spec.analysis.metrics[0].type: is missing; one of ErrorRate, Latency, ScoreShift, Query',
    ],
    [
      'a near type',
      '{name: m, type: Latncy}',
      '10: spec.analysis.metrics[0].type: is "Latncy"; did you mean "Latency": one of ErrorRate, Latency, ScoreShift, Query',
    ],
    [
      "another type's field",
      '{name: m, type: ErrorRate, maxShift: 1}',
      '10: spec.analysis.metrics[0].maxShift: unknown field "maxShift"; the known fields are name, dryRun, onBreach, onNoData, type, maxRatio, thresholdRange',
    ],
    [
      'an error rate of one',
      '{name: m, type: ErrorRate, thresholdRange: {max: 1}}',
      '10: spec.analysis.metrics[0].thresholdRange.max: is 1; less than 1',
    ],
    [
      'a ratio below one',
      '{name: m, type: ErrorRate, maxRatio: 0.5}',
      '10: spec.analysis.metrics[0].maxRatio: is 0.5; at least 1',
    ],
    [
      'a quantile of one',
      '{name: m, type: Latency, quantile: 1, maxRatio: 2}',
      '10: spec.analysis.metrics[0].quantile: is 1; less than 1',
    ],
    [
      'a quantile in percent',
      '{name: m, type: Latency, quantile: 95, maxRatio: 2}',
      '10: spec.analysis.metrics[0].quantile: is 95; less than 1',
    ],
    [
      'a latency without unit',
      '{name: m, type: Latency, quantile: 0.9, thresholdRange: {max: 80}}',
      '10: spec.analysis.metrics[0].thresholdRange.max: 80 has no unit; a duration such as "80s" or "80ms"',
    ],
    [
      'a bound of no quantile',
      '{name: m, type: Latency, thresholdRange: {max: 80ms}}',
      '10: spec.analysis.metrics[0].quantile: is missing; the quantile that thresholdRange bounds, such as 0.95',
    ],
    [
      'a latency without bound',
      '{name: m, type: Latency, quantile: 0.9}',
      '10: spec.analysis.metrics[0]: nothing is chosen; at least one of thresholdRange, maxRatio',
    ],
    [
      'a query without bound',
      '{name: m, type: Query, query: up}',
      '10: spec.analysis.metrics[0]: nothing is chosen; at least one of thresholdRange, maxDifference, maxRatio',
    ],
    [
      'a bound without query',
      '{name: m, type: Query, maxRatio: 2}',
      '10: spec.analysis.metrics[0]: nothing is chosen; exactly one of query, template',
    ],
    [
      'an empty range',
      '{name: m, type: Query, query: up, thresholdRange: {min: 2, max: 1}}',
      '10: spec.analysis.metrics[0].thresholdRange.min: is not less than max; a range that a value can lie in',
    ],
    [
      'an unknown consequence',
      '{name: m, type: ScoreShift, onBreach: Rolback}',
      '10: spec.analysis.metrics[0].onBreach: is "Rolback"; did you mean "Rollback": one of Rollback, Freeze, a map of fields',
    ],
    [
      'a consequence out of range',
      '{name: m, type: ScoreShift, onBreach: {setWeight: 300}}',
      '10: spec.analysis.metrics[0].onBreach.setWeight: is 300; at most 100',
    ],
    [
      'an unknown data rule',
      '{name: m, type: ScoreShift, onNoData: hold}',
      '10: spec.analysis.metrics[0].onNoData: is "hold"; did you mean "Hold": one of Hold, Rollback, Ignore',
    ],
  ];
  it.each(metrics)('with a metric of %s', (_, value, problem) => {
    expect(problemsOf(`${base}  strategy: {linear: {}}\n  analysis:\n    metrics: [${value}]\n`)).toEqual([
      problem,
    ]);
  });

  const rest: readonly Case[] = [
    [
      'a certain risk',
      'analysis: {confidence: {falseRollback: 0}}',
      '9: spec.analysis.confidence.falseRollback: is 0; more than 0',
    ],
    [
      'a hook of no type',
      'analysis: {webhooks: [{url: "http://h"}]}',
      '9: spec.analysis.webhooks[0].type: is missing; one of confirm-rollout, confirm-step, confirm-promotion, on-event',
    ],
    [
      'a hook without scheme',
      'analysis: {webhooks: [{type: on-event, url: h/x}]}',
      '9: spec.analysis.webhooks[0].url: "h/x" is not an address; http:// or https:// and a host',
    ],
    [
      'two secrets',
      'analysis: {webhooks: [{type: on-event, url: "http://h", secret: {env: A, file: b}}]}',
      '9: spec.analysis.webhooks[0].secret: env and file exclude each other; exactly one of env, file, kubernetes',
    ],
    [
      'a match of nothing',
      'match: [{}]',
      '9: spec.match[0]: nothing is chosen; at least one of path, pathPrefix, headers',
    ],
    [
      'a header match of nothing',
      'match: [{headers: [{name: x}]}]',
      '9: spec.match[0].headers[0]: nothing is chosen; exactly one of value, prefix, regex, present',
    ],
    [
      'a quorum of nobody',
      'convergence: {quorumPercent: 0}',
      '9: spec.convergence.quorumPercent: is 0; more than 0',
    ],
    ['a word for a flag', 'paused: "yes"', '9: spec.paused: is "yes"; true or false'],
  ];
  it.each(rest)('with %s', (_, line, problem) => {
    expect(problemsOf(`${base}  strategy: {linear: {}}\n  ${line}\n`)).toEqual([problem]);
  });
});

describe('TrafficPolicy', () => {
  const cases: readonly Case[] = [
    [
      'an unknown preset',
      'breaker: {preset: cor}',
      '6: spec.breaker.preset: is "cor"; did you mean "core": one of core, auxiliary, realtime, batch',
    ],
    [
      'a threshold over all',
      'breaker: {errorThresholdPercent: 101}',
      '6: spec.breaker.errorThresholdPercent: is 101; at most 100',
    ],
    [
      'a window too short',
      'breaker: {window: 500ms}',
      '6: spec.breaker.window: 500ms is out of range; from 1s to 1h',
    ],
    [
      'a recovery that falls',
      'breaker: {recovery: {steps: [50, 25, 100]}}',
      '6: spec.breaker.recovery.steps[1]: 25 does not rise; more than the 50 before it',
    ],
    [
      'a recovery that stays',
      'breaker: {recovery: {steps: [10, 50]}}',
      '6: spec.breaker.recovery.steps: ends at 50; 100 as the last step',
    ],
    [
      'two fallbacks',
      'breaker: {fallback: {service: s, version: v1}}',
      '6: spec.breaker.fallback: service and version exclude each other; exactly one of service, version, response, cached',
    ],
    [
      'an unknown status',
      'breaker: {fallback: {response: {grpcStatus: UNAVAILBLE}}}',
      '6: spec.breaker.fallback.response.grpcStatus: is "UNAVAILBLE"; did you mean "UNAVAILABLE": one of CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED',
    ],
    [
      'a header in upper case',
      'breaker: {fallback: {response: {headers: {X-A: b}}}}',
      '6: spec.breaker.fallback.response.headers.X-A: "X-A" is not a header\'s name; lower case without spaces, such as "x-user-id"',
    ],
    [
      'an ejection of no error',
      'outlierDetection: {consecutiveErrors: 0}',
      '6: spec.outlierDetection.consecutiveErrors: is 0; at least 1',
    ],
    ['a gain over one', 'balancing: {gain: 1.5}', '6: spec.balancing.gain: is 1.5; at most 1'],
    [
      'a limit of nothing',
      'rateLimits: [{name: l}]',
      '6: spec.rateLimits[0]: nothing is chosen; exactly one of requestsPerSecond, adaptive',
    ],
    [
      'a limit of zero',
      'rateLimits: [{name: l, requestsPerSecond: 0}]',
      '6: spec.rateLimits[0].requestsPerSecond: is 0; more than 0',
    ],
    [
      'a burst of an adaptive limit',
      'rateLimits: [{name: l, burst: 5, adaptive: {signal: Queue, target: 5}}]',
      '6: spec.rateLimits[0].burst: has no meaning for an adaptive rate; leave it out',
    ],
    [
      'a queue in milliseconds',
      'rateLimits: [{name: l, adaptive: {signal: Queue, target: 5ms}}]',
      '6: spec.rateLimits[0].adaptive.target: is "5ms"; a number',
    ],
    [
      'an unknown signal',
      'rateLimits: [{name: l, adaptive: {signal: latency, target: 5ms}}]',
      '6: spec.rateLimits[0].adaptive.signal: is "latency"; did you mean "Latency": one of Latency, Queue',
    ],
    [
      'bounds that cross',
      'rateLimits: [{name: l, adaptive: {signal: Queue, target: 5, maxRequestsPerSecond: 1}}]',
      '6: spec.rateLimits[0].adaptive.maxRequestsPerSecond: is less than minRequestsPerSecond (10); at least as much',
    ],
    [
      'replicas that cross',
      'scaling: {requestsPerSecondPerReplica: 500, maxReplicas: 1}',
      '6: spec.scaling.maxReplicas: is less than minReplicas; at least minReplicas',
    ],
  ];
  it.each(cases)('with %s', (_, line, problem) => {
    expect(problemsOf(`${head('TrafficPolicy')}  targetRef: {name: s}\n  ${line}\n`)).toEqual([problem]);
  });

  it('that targets another kind', () => {
    expect(problemsOf(`${head('TrafficPolicy')}  targetRef: {kind: Service, name: s}\n`)).toEqual([
      '5: spec.targetRef.kind: is "Service"; "ModelService"',
    ]);
  });
});

describe('MetricTemplate', () => {
  const cases: readonly Case[] = [
    ['an empty query', 'query: ""', '5: spec.query: is empty; at least 1 character'],
    [
      'a bad argument',
      'query: up\n  args: [{name: a-b}]',
      '6: spec.args[0].name: "a-b" is not an argument\'s name; letters, digits and "_", beginning with a letter',
    ],
  ];
  it.each(cases)('with %s', (_, line, problem) => {
    expect(problemsOf(`${head('MetricTemplate')}  ${line}\n`)).toEqual([problem]);
  });
});
