import type { LimitLoad } from '../core/observation/inbound.ts';
import type { LatencyReport } from '../core/signals/latency-report.ts';
import { addLimitCounts, EMPTY_LIMITS, type LimitBook, limitLoadOf } from '../core/signals/limit-load.ts';
import { counterStatName, limitStatName } from '../core/translate/names.ts';

/** What limits that count by themselves have to do, as the sidecars that enforce them push it. */
export class LimitLoads {
  #book: LimitBook = EMPTY_LIMITS;

  take(report: LatencyReport): void {
    if (report.limits !== undefined) this.#book = addLimitCounts(this.#book, [report], report.at);
  }

  /** Undefined: the sidecar does not tell. */
  of(service: string, limit: string, nodeId: string, nowMs: number): LimitLoad | undefined {
    const prefixes = {
      limit: limitStatName(service, [limit]),
      offered: counterStatName(service, 'offered', limit),
      admitted: counterStatName(service, 'admitted', limit),
    };
    return limitLoadOf(this.#book, nodeId, prefixes, nowMs);
  }
}
