import type { Measured } from './one-run.ts';
import type { Contender, Scenario } from './scenarios.ts';

/** A scenario and what came of it. */
export interface Outcome {
  readonly scenario: Scenario;
  /** Undefined where it was left out or failed; the reason is beside it. */
  readonly measured: Measured | undefined;
  readonly note: string;
}

/** A goal, and the ratio that was found; undefined where a run that it needs is missing. */
export interface Goal {
  readonly what: string;
  readonly ratio: number | undefined;
  readonly atMost: number;
}

type Wanted = Partial<Scenario> & { readonly contender: Contender };

/** The goals that these runs can show, each as a ratio between two of them. */
export function goals(outcomes: readonly Outcome[]): Goal[] {
  const find = (wanted: Wanted): Measured | undefined => {
    const full = { protocol: 'delta', what: 'route', ...wanted };
    return outcomes.find(({ scenario }) =>
      Object.entries(full).every(([key, value]) => scenario[key as keyof Scenario] === value),
    )?.measured;
  };
  const peers = (streams: number, services: number): Measured[] =>
    (['linear', 'shared', 'per-node'] as const).flatMap(
      (contender) => find({ contender, streams, services }) ?? [],
    );
  const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined || !Number.isFinite(a / b) ? undefined : a / b;
  const least = (values: readonly number[]): number | undefined =>
    values.length === 0 ? undefined : Math.min(...values);
  const ours = (streams: number, services: number, rest: Partial<Scenario> = {}) =>
    find({ contender: 'penstock', streams, services, ...rest });
  const big = ours(1_000, 1_000);
  const bigPeers = peers(1_000, 1_000);
  return [
    {
      what: 'one changed route, N 1000, S 1000, last stream: against the bare grpc-js fan-out',
      ratio: ratio(big?.Max, find({ contender: 'grpc-js', streams: 1_000 })?.Max),
      atMost: 2,
    },
    {
      what: 'the same against the best cache of go-control-plane',
      ratio: ratio(big?.Max, least(bigPeers.map((p) => p.Max))),
      atMost: 0.1,
    },
    { what: 'S 1000 against S 100, N 1000', ratio: ratio(big?.Max, ours(1_000, 100)?.Max), atMost: 1.2 },
    {
      what: 'N 5000, S 100: against the bare grpc-js fan-out',
      ratio: ratio(ours(5_000, 100)?.Max, find({ contender: 'grpc-js', streams: 5_000 })?.Max),
      atMost: 1.5,
    },
    {
      what: 'state of the world against delta, N 1000, S 1000, acknowledged 300 ms later',
      ratio: ratio(
        ours(1_000, 1_000, { protocol: 'sotw', what: 'acknowledged-later' })?.Max,
        ours(1_000, 1_000, { what: 'acknowledged-later' })?.Max,
      ),
      atMost: 1.2,
    },
    {
      what: 'initial sync, N 1000, S 1000, server CPU: against the best cache',
      ratio: ratio(big?.SyncSrvCPUms, least(bigPeers.map((p) => p.SyncSrvCPUms))),
      atMost: 1 / 3,
    },
    {
      what: 'memory after it: against the best cache',
      ratio: ratio(big?.RSSSyncMB, least(bigPeers.map((p) => p.RSSSyncMB))),
      atMost: 1 / 3,
    },
    {
      what: '10 % of the streams stalled, p99 of the others, N 1000, S 1000: against none stalled',
      ratio: ratio(ours(1_000, 1_000, { what: 'stalled' })?.P99, big?.P99),
      atMost: 1.2,
    },
  ];
}
