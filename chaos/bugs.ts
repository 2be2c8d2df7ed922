/** A mistake that somebody could make, in one line of the source, and the promise that it breaks. */
export interface Bug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly breaks: string;
  /** Faults that bring it to light. */
  readonly kinds: readonly string[];
  readonly faults: number;
  /** 1 unless given: what is known comes by load reports with an odd seed, from Prometheus alone with an even one. */
  readonly seed?: number;
}

export const BUGS: readonly Bug[] = [
  {
    name: 'a closed breaker lets not quite everybody in',
    file: 'src/core/policy/breaker/decide-breaker.ts',
    find: "if (state.phase === 'CLOSED') return TOTAL_WEIGHT;",
    replace: "if (state.phase === 'CLOSED') return TOTAL_WEIGHT - 100;",
    breaks: 'no request is lost by our doing',
    kinds: ['endpoint churn'],
    faults: 3,
  },
  {
    name: "a user's place depends on the weight",
    file: 'src/core/policy/rollout/traffic.ts',
    find: 'const salt = ',
    replace: 'const salt = String(weight) + ',
    breaks: 'nobody is moved back',
    kinds: ['prometheus stopped'],
    faults: 12,
  },
  {
    name: 'a share is rounded away',
    file: 'src/core/policy/rollout/traffic.ts',
    find: '(version === rest ? TOTAL_WEIGHT - share : 0)',
    replace: '(version === rest ? TOTAL_WEIGHT - share - (share > 0 ? 1 : 0) : 0)',
    breaks: 'weights sum to the total',
    kinds: ['prometheus stopped'],
    faults: 6,
  },
  {
    name: 'no data is taken for good data',
    file: 'src/core/policy/rollout/no-data.ts',
    find: "verdict: 'no-data',",
    replace: "verdict: 'pass',",
    breaks: 'nothing advances blind',
    kinds: ['blindness'],
    faults: 8,
    seed: 2,
  },
  {
    name: 'what was saved of a rollout is not believed',
    file: 'src/core/decide/saved-state.ts',
    find: "const readable = this.#knows('rollout') && isRolloutState(state);",
    replace: 'const readable = false && isRolloutState(state);',
    breaks: 'a restart goes on where it was',
    kinds: ['wire slow', 'prometheus stopped', 'penstock killed'],
    faults: 15,
  },
  {
    name: 'a breaker opens with a few failures in a thousand',
    file: 'src/core/policy/breaker/closed.ts',
    find: 'if (calls.requests >= floor && errors >= spec.errorThresholdPercent) {',
    replace: 'if (calls.requests >= floor && errors >= 0) {',
    breaks: 'no breaker opens without a cause',
    kinds: ['wire slow', 'prometheus stopped'],
    faults: 8,
  },
  {
    name: 'a cluster that no Envoy takes',
    file: 'src/core/translate/cluster.ts',
    find: 'connectTimeout: durationOf(version.connectTimeoutMs),',
    replace: 'connectTimeout: durationOf(0 * version.connectTimeoutMs),',
    breaks: 'every configuration is accepted',
    kinds: ['endpoint churn'],
    faults: 3,
  },
  {
    name: 'a file that was bad once is not read again',
    file: 'src/specs/spec-files.ts',
    find: 'reading = reading.then(async () => onReading(await readSpecFiles(paths)));',
    replace:
      'reading = reading.then(async () => { const read = await readSpecFiles(paths); onReading(read); if (!read.specs) void watcher.close(); });',
    breaks: 'all is well 5 s after the last fault',
    kinds: ['specs malformed'],
    faults: 2,
  },
  {
    name: 'something is kept of every look',
    file: 'src/app/look-timer.ts',
    find: 'this.#startedAt = performance.now();\n    this.#look();',
    replace:
      'this.#startedAt = performance.now();\n    ((globalThis as { kept?: Buffer[] }).kept ??= []).push(Buffer.alloc(4 * 2 ** 20, 1));\n    this.#look();',
    breaks: 'memory is bounded',
    kinds: ['wire slow'],
    faults: 24,
  },
  {
    name: 'a clock that goes back takes time away',
    file: 'src/core/policy/rollout/open-turn.ts',
    find: 'Math.max(0, input.nowMs - given.timers.lastMs)',
    replace: 'input.nowMs - given.timers.lastMs',
    breaks: 'a rollout goes on',
    kinds: ['clock stepped'],
    faults: 220,
  },
  {
    name: 'the state is written again and again',
    file: 'src/state/state-store.ts',
    find: 'else statements.put.run(key, JSON.stringify(value), nowMs);',
    replace:
      "else for (let i = 0; i < 200; i++) { statements.put.run(key, JSON.stringify(value) + ' '.repeat(i), nowMs); if (i < 199) database.exec('COMMIT; BEGIN IMMEDIATE'); }",
    breaks: 'a slow disk stops nothing',
    kinds: ['disk slow'],
    faults: 4,
  },
  {
    name: 'an answer that is no JSON is not expected',
    file: 'src/signals/prometheus/client.ts',
    find: 'const failure = this.#named(error);',
    replace:
      'const failure = this.#named(error);\n        if (failure.code === "malformed") setImmediate(() => { throw failure; });',
    breaks: 'no process ends by itself',
    kinds: ['prometheus lies'],
    faults: 24,
    seed: 2,
  },
  {
    name: 'an entry of the audit follows on none',
    file: 'src/core/audit/chain.ts',
    find: 'previous: last.hash,',
    replace: "previous: '0'.repeat(64),",
    breaks: 'the audit is whole',
    kinds: ['endpoint churn'],
    faults: 2,
  },
];
