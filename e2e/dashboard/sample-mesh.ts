import type {
  AuditPage,
  Command,
  CommandResult,
  ControlPlane,
  DecisionFilter,
} from '../../src/admin/control-plane.ts';
import type {
  BreakerStatus,
  ControllerStatus,
  DecisionRecord,
  LimitStatus,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../../src/core/status/status.ts';
import { sampleAudit } from './sample-audit.ts';
import { sampleGates, sampleLatency, sampleRolledBack, sampleScores } from './sample-evidence.ts';
import { sampleBreakers, sampleLimits, sampleService, sampleSidecar } from './sample-services.ts';

const STEPS = [500, 2_500, 5_000, 10_000];
const FEATURED = ['fraud', 'ranker', 'embeddings'];

const SLICES = [{ name: 'internal', match: 'x-tenant: internal', weight: 10_000 }];

/**
 * A mesh in memory for the tests of the admin server and the dashboard: numbers that move like real ones, one
 * rollout under way, one rolled back, one breaker half open, one sidecar that refused its configuration.
 */
export class SampleMesh implements ControlPlane {
  readonly #listeners = new Set<() => void>();
  readonly #startedAt: number;
  readonly #serviceNames: readonly string[];
  #decisions: DecisionRecord[] = [];
  #now: number;
  #phase: RolloutStatus['phase'] = 'Progressing';
  #phaseSince: number;
  #message = 'gathering evidence at 25 %';
  #step = 1;
  #seen = 640;
  #frozen = false;
  #baseline = false;
  #ready = true;
  readonly commands: Command[] = [];

  constructor(options: { readonly now: number; readonly services?: number }) {
    this.#now = options.now;
    this.#startedAt = options.now - 3_720_000;
    this.#phaseSince = options.now - 95_000;
    const others = Math.max(0, (options.services ?? FEATURED.length) - FEATURED.length);
    this.#serviceNames = [
      ...FEATURED,
      ...Array.from({ length: others }, (_, i) => `model-${String(i).padStart(3, '0')}`),
    ];
    this.#tell();
  }

  /** Lets time pass: every number moves, the candidate gathers requests. */
  tick(now: number): void {
    this.#now = now;
    if (this.#phase === 'Progressing') this.#seen = Math.min(1_500, this.#seen + 25);
    this.#notify();
  }

  setReady(ready: boolean): void {
    this.#ready = ready;
  }

  readiness() {
    return { ready: this.#ready, message: this.#ready ? 'serving' : 'no configuration is in force yet' };
  }

  status(): ControllerStatus {
    return {
      version: '0.1.0',
      startedAt: this.#startedAt,
      frozen: this.#frozen,
      baseline: this.#baseline,
      specs: { files: ['fraud.yaml', 'ranker.yaml'], loadedAt: this.#startedAt, problems: [] },
      prometheus: {
        url: 'http://127.0.0.1:9090',
        reachable: true,
        lastSuccessAt: this.#now - 400,
        error: undefined,
      },
      sidecars: { connected: this.sidecars().length, converged: this.sidecars().length - 1, rejections: 1 },
      pushToAckMs: { p50: 2.1, p99: 9.4, count: 1_204 },
    };
  }

  services(): readonly ServiceStatus[] {
    return this.#serviceNames.map((name, index) => sampleService(name, index, this.#weight(), this.#now));
  }

  rollouts(): readonly RolloutStatus[] {
    const base = {
      namespace: 'default',
      startedAt: this.#startedAt,
      laggards: [],
      slices: SLICES,
      conditions: [],
    };
    const steps = STEPS.map((weight) => ({ weight, pauseMs: weight === 10_000 ? undefined : 60_000 }));
    return [
      {
        ...base,
        name: 'fraud-v2',
        service: 'fraud',
        stable: 'v1',
        candidate: 'v2',
        phase: this.#phase,
        message: this.#message,
        weight: this.#weight(),
        step: this.#step,
        steps,
        phaseSince: this.#phaseSince,
        requests: { seen: this.#seen, needed: 1_500 },
        gates: sampleGates(this.#now, 'good'),
        distributions: [sampleLatency(1.04), sampleScores(0)],
        laggards: ['web-7'],
        conditions: [
          {
            type: 'Progressing',
            status: 'True',
            reason: 'StepAdvanced',
            message: 'step 2 of 4',
            lastTransitionTime: this.#phaseSince,
          },
        ],
      },
      sampleRolledBack(base, steps),
    ];
  }

  breakers(): readonly BreakerStatus[] {
    return sampleBreakers(this.#startedAt);
  }

  limits(): readonly LimitStatus[] {
    return sampleLimits();
  }

  sidecars(): readonly SidecarStatus[] {
    return Array.from({ length: 12 }, (_, i) => sampleSidecar(i, this.#startedAt, this.#now));
  }

  decisions(filter: DecisionFilter): readonly DecisionRecord[] {
    return this.#decisions
      .filter((decision) => filter.subject === undefined || decision.subject === filter.subject)
      .filter((decision) => filter.service === undefined || decision.service === filter.service)
      .filter((decision) => filter.reason === undefined || decision.reason === filter.reason)
      .filter((decision) => decision.id < (filter.before ?? Number.POSITIVE_INFINITY))
      .filter((decision) => decision.id > (filter.after ?? Number.NEGATIVE_INFINITY))
      .slice(0, filter.limit);
  }

  audit(after: number, limit: number): AuditPage {
    return sampleAudit(this.#decisions, after, limit);
  }

  async command(command: Command): Promise<CommandResult> {
    this.commands.push(command);
    if (command.kind === 'freeze' || command.kind === 'baseline') {
      if (command.kind === 'freeze') this.#frozen = command.on;
      else this.#baseline = command.on;
    } else {
      const { namespace, name } = command.rollout;
      const key = `${namespace}/${name}`;
      if (key === 'default/ranker-v9')
        return { ok: false, code: 'conflict', message: 'ranker-v9 is rolled back; retry it instead' };
      if (key !== 'default/fraud-v2')
        return {
          ok: false,
          code: 'not-found',
          message: `there is no rollout ${key}; there are default/fraud-v2 and default/ranker-v9`,
        };
      this.#act(command.kind, command.actor);
    }
    this.#notify();
    return { ok: true };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #act(kind: 'promote' | 'pause' | 'resume' | 'abort' | 'retry', actor: string): void {
    const outcomes = {
      promote: ['Completed', 'Promoted', 'promoted by hand'],
      pause: ['Paused', 'Paused', 'paused by hand'],
      resume: ['Progressing', 'Resumed', 'gathering evidence at 25 %'],
      abort: ['RolledBack', 'RolledBack', 'aborted by hand'],
      retry: ['Progressing', 'Retried', 'started again by hand'],
    } as const;
    const before = this.#weight();
    const [phase, reason, message] = outcomes[kind];
    this.#phase = phase;
    this.#message = message;
    this.#phaseSince = this.#now;
    if (kind === 'promote') this.#step = STEPS.length - 1;
    this.#decide(this.#now, 'Rollout/default/fraud-v2', 'default/fraud', reason, message, actor, {
      before: { weight: before },
      after: { weight: this.#weight() },
    });
  }

  #weight(): number {
    if (this.#phase === 'RolledBack') return 0;
    return STEPS[this.#step] ?? 0;
  }

  /** What happened before the test began. */
  #tell(): void {
    const at = this.#now;
    this.#decide(
      at - 3_600_000,
      'Rollout/default/ranker-v9',
      'default/ranker',
      'StepAdvanced',
      'first step: 5 % to v9',
      'penstock',
      { before: { weight: 0 }, after: { weight: 500 } },
    );
    this.#decide(
      at - 720_000,
      'Rollout/default/ranker-v9',
      'default/ranker',
      'RolledBack',
      'errors: 30.2 % of v9 against 0.1 % of v8 after 86 requests',
      'penstock',
      { before: { weight: 500 }, after: { weight: 0 } },
    );
    this.#decide(
      at - 260_000,
      'Breaker/default/embeddings',
      'default/embeddings',
      'BreakerOpened',
      '61 % of 212 requests failed in 10 s; bound 50 %',
      'penstock',
      { before: 'CLOSED', after: 'OPEN' },
    );
    this.#decide(
      at - 220_000,
      'Breaker/default/embeddings',
      'default/embeddings',
      'BreakerHalfOpened',
      'tries 5 % of the calls',
      'penstock',
      { before: 'OPEN', after: 'HALF_OPEN' },
    );
    this.#decide(
      at - 190_000,
      'Rollout/default/fraud-v2',
      'default/fraud',
      'Started',
      'first step: 5 % to v2',
      'penstock',
      { before: { weight: 0 }, after: { weight: 500 } },
    );
    this.#decide(
      at - 120_000,
      'Service/default/fraud',
      'default/fraud',
      'EndpointDerated',
      '127.0.0.1:9103 answers 3.1 times slower than its peers',
      'penstock',
      { before: 1, after: 0.4 },
    );
    this.#decide(
      at - 95_000,
      'Rollout/default/fraud-v2',
      'default/fraud',
      'StepAdvanced',
      'all 3 gates pass after 412 requests; 5 % → 25 %',
      'penstock',
      { before: { weight: 500 }, after: { weight: 2_500 } },
    );
  }

  #decide(
    at: number,
    subject: string,
    service: string,
    reason: string,
    message: string,
    actor: string,
    change: DecisionRecord['change'],
  ): void {
    const id = (this.#decisions[0]?.id ?? 0) + 1;
    const decision: DecisionRecord = {
      id,
      at,
      subject,
      service,
      reason,
      message,
      actor,
      evidence: { requests: 412, failures: { stable: 2, candidate: 1 }, log10Evidence: -1.21, log10Bound: 3 },
      change,
      resources: [{ type: 'RouteConfiguration', name: service, version: '7f3a9c1e' }],
      acknowledged: { by: 11, of: 12, lastAt: at + 9, laggards: ['web-7'] },
    };
    this.#decisions = [decision, ...this.#decisions];
  }
}
