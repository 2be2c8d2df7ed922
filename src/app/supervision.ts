import type { Logger } from 'pino';
import type { Controller } from '../controller/controller.ts';
import { serviceKey } from '../core/decide/spec-index.ts';
import { TOTAL_WEIGHT } from '../core/ir/ir.ts';
import type { ControllerStatus } from '../core/status/status.ts';
import type { SignalObserver } from '../signals/observer.ts';
import type { PenstockMetrics } from './metrics.ts';
import type { SpecsInForce } from './specs-in-force.ts';

/** Follows whether Prometheus answers, and says so once when that changes. */
export class PrometheusWatch {
  readonly #url: string | undefined;
  readonly #signals: SignalObserver;
  readonly #log: Logger;
  #told = true;

  constructor(url: string | undefined, signals: SignalObserver, log: Logger) {
    this.#url = url;
    this.#signals = signals;
    this.#log = log;
  }

  look(nowMs: number): void {
    const health = this.#signals.health(nowMs).prometheus;
    if (health === undefined) return;
    const reachable = health.unreachableSince === undefined;
    if (reachable === this.#told) return;
    this.#told = reachable;
    if (reachable) this.#log.info({ prometheus: health.name }, 'Prometheus answers again');
    else
      this.#log.warn(
        { prometheus: health.name },
        `Prometheus does not answer, what needs it holds: ${health.lastError}`,
      );
  }

  status(): ControllerStatus['prometheus'] {
    const health = this.#signals.health(Date.now()).prometheus;
    if (health === undefined || this.#url === undefined) return undefined;
    return {
      url: health.name,
      reachable: health.reachable,
      lastSuccessAt: health.lastAnswerAt,
      error: health.lastError ?? health.failing[0]?.message,
    };
  }
}

/** Sets the levels that are exported, after a look. */
export function noteLook(
  metrics: PenstockMetrics,
  controller: Controller,
  specs: SpecsInForce,
  prometheus: PrometheusWatch,
): void {
  metrics.specsValid.set(specs.valid ? 1 : 0);
  metrics.specsLoaded.set(specs.status().loadedAt / 1000);
  metrics.frozen.set(controller.switches.frozen ? 1 : 0);
  const reachable = prometheus.status()?.reachable;
  if (reachable === undefined) metrics.prometheusReachable.remove();
  else metrics.prometheusReachable.set(reachable ? 1 : 0);
  metrics.weight.reset();
  metrics.breakerAdmitted.reset();
  for (const view of controller.views()) {
    const service = serviceKey(view.service);
    for (const { version, weight } of view.ir?.routing.weights ?? []) {
      metrics.weight.set({ service, version }, weight / TOTAL_WEIGHT);
    }
    if (view.outcome?.breaker)
      metrics.breakerAdmitted.set({ service }, view.outcome.breaker.admitted / TOTAL_WEIGHT);
  }
}
