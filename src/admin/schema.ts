import { z } from 'zod';
import type {
  BreakerStatus,
  ControllerStatus,
  DecisionRecord,
  DistributionStatus,
  GateStatus,
  LimitStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
  VersionStatus,
} from '../core/status/status.ts';
import type { History } from './wire.ts';

/** The read model as schemas, for the API's description; `Same` holds them against the types. */

const maybeNumber = z.number().optional();
const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
const at = z.number().describe('ms since the epoch');
const weight = z.number().int().min(0).max(10_000).describe('hundredths of a percent');

const endpoint = z.strictObject({
  address: z.string(),
  weight: z.number(),
  state: z.enum(['serving', 'derated', 'backup', 'unknown']),
  requestsPerSecond: maybeNumber,
  errorPercent: maybeNumber,
  inFlight: maybeNumber,
});

const version = z.strictObject({
  name: z.string(),
  weight,
  requestsPerSecond: maybeNumber,
  errorPercent: maybeNumber,
  latencyMs: z.strictObject({ p50: z.number(), p95: z.number(), p99: z.number() }).optional(),
  endpoints: list(endpoint),
  demand: z
    .strictObject({
      replicas: z.number().int(),
      offeredPerSecond: maybeNumber,
      message: z.string(),
      sick: list(z.string()),
    })
    .optional()
    .describe('the demand for replicas, where a policy has `scaling`'),
});

const breakerPhase = z.enum(['CLOSED', 'OPEN', 'HALF_OPEN']);

export const serviceSchema = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  hosts: list(z.string()),
  port: z.number().int(),
  versions: list(version),
  rollout: z.string().optional(),
  breaker: breakerPhase.optional(),
  spec: z.string().describe('`ok`, or why an edited file is not in force'),
});

const gate = z.strictObject({
  name: z.string(),
  type: z.string(),
  verdict: z.enum(['pass', 'insufficient', 'warning', 'breach', 'no-data']),
  dryRun: z.boolean(),
  message: z.string(),
  source: z.string(),
  log10Evidence: maybeNumber.describe('log10 of the evidence against the candidate'),
  log10Bound: maybeNumber.describe('where it is acted upon'),
  stable: maybeNumber,
  candidate: maybeNumber,
  unit: z.string(),
});

const slice = z.strictObject({
  name: z.string(),
  match: z.string().describe('what belongs to it, in words'),
  weight: z.number().describe("the candidate's, of 10000"),
});

const distribution = z.strictObject({
  name: z.string(),
  unit: z.string(),
  bounds: list(z.number()),
  stable: list(z.number()),
  candidate: list(z.number()),
});

const condition = z.strictObject({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: at,
});

export const rolloutSchema = z.strictObject({
  namespace: z.string(),
  name: z.string(),
  service: z.string(),
  stable: z.string(),
  candidate: z.string(),
  phase: z.enum([
    'Pending',
    'Warming',
    'Progressing',
    'Paused',
    'Frozen',
    'Holding',
    'Promoting',
    'Baking',
    'Completed',
    'RollingBack',
    'RolledBack',
    'Superseded',
  ]),
  message: z.string(),
  weight,
  step: z.number().int(),
  steps: list(z.strictObject({ weight, pauseMs: maybeNumber })),
  startedAt: at,
  phaseSince: at,
  requests: z.strictObject({ seen: z.number(), needed: z.number() }).optional(),
  slices: list(slice),
  gates: list(gate),
  distributions: list(distribution),
  laggards: list(z.string()),
  conditions: list(condition),
});

export const breakerSchema = z.strictObject({
  namespace: z.string(),
  service: z.string(),
  version: z.string().optional(),
  phase: breakerPhase,
  since: at,
  admitted: weight,
  message: z.string(),
  requests: z.number(),
  failures: z.number(),
  errorPercent: maybeNumber,
  fallback: z.string(),
  trips: z.number().int(),
});

export const limitSchema = z.strictObject({
  namespace: z.string(),
  service: z.string(),
  name: z.string(),
  per: z.string(),
  requestsPerSecond: z.number(),
  burst: z.number(),
  shadow: z.boolean(),
  admittedPerSecond: maybeNumber,
  refusedPerSecond: maybeNumber,
});

export const sidecarSchema = z.strictObject({
  id: z.string(),
  role: z.string().describe('`outbound`, `inbound NAMESPACE/SERVICE/VERSION` or `proxyless`'),
  address: z.string(),
  connectedAt: at,
  protocol: z.enum(['delta', 'sotw']),
  converged: z.boolean(),
  lagMs: z.number(),
  lastAckAt: maybeNumber,
  types: list(z.strictObject({ type: z.string(), resources: z.number().int(), acknowledged: z.boolean() })),
  rejections: list(z.strictObject({ type: z.string(), at, message: z.string() })),
  loadReportAt: maybeNumber,
});

export const decisionSchema = z.strictObject({
  id: z.number().int(),
  at,
  subject: z.string(),
  service: z.string(),
  reason: z.string(),
  message: z.string(),
  actor: z.string(),
  evidence: z.unknown(),
  change: z.strictObject({ before: z.unknown(), after: z.unknown() }).optional(),
  resources: list(z.strictObject({ type: z.string(), name: z.string(), version: z.string() })),
  acknowledged: z
    .strictObject({
      by: z.number().int(),
      of: z.number().int(),
      lastAt: maybeNumber,
      laggards: list(z.string()),
    })
    .optional(),
});

export const statusSchema = z.strictObject({
  version: z.string(),
  startedAt: at,
  frozen: z.boolean(),
  baseline: z.boolean(),
  specs: z.strictObject({ files: list(z.string()), loadedAt: at, problems: list(z.string()) }),
  prometheus: z
    .strictObject({
      url: z.string(),
      reachable: z.boolean(),
      lastSuccessAt: maybeNumber,
      error: z.string().optional(),
    })
    .optional(),
  replica: z
    .strictObject({
      identity: z.string(),
      leading: z.boolean(),
      leader: z.string(),
      leaderAddress: z.string(),
    })
    .optional(),
  sidecars: z.strictObject({
    connected: z.number().int(),
    converged: z.number().int(),
    rejections: z.number().int(),
  }),
  pushToAckMs: z.strictObject({ p50: z.number(), p99: z.number(), count: z.number().int() }).optional(),
});

export const historySchema = z.strictObject({
  stepMs: z.number(),
  at: list(at),
  series: z.record(z.string(), list(z.number().nullable())).readonly(),
});

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().describe('one clear message'),
});

/** `true` where the schema accepts every value of the type and names exactly its fields. */
type Same<Type, Schema extends z.ZodType> =
  Type extends z.infer<Schema>
    ? [keyof Type, keyof z.infer<Schema>] extends [keyof z.infer<Schema>, keyof Type]
      ? true
      : 'fields differ'
    : 'types differ';

true satisfies Same<ServiceStatus, typeof serviceSchema>;
true satisfies Same<VersionStatus, typeof version>;
true satisfies Same<RolloutStatus, typeof rolloutSchema>;
true satisfies Same<GateStatus, typeof gate>;
true satisfies Same<DistributionStatus, typeof distribution>;
true satisfies Same<BreakerStatus, typeof breakerSchema>;
true satisfies Same<LimitStatus, typeof limitSchema>;
true satisfies Same<SidecarStatus, typeof sidecarSchema>;
true satisfies Same<DecisionRecord, typeof decisionSchema>;
true satisfies Same<ControllerStatus, typeof statusSchema>;
true satisfies Same<History, typeof historySchema>;
