import type { TypeUrl } from '../../core/delta/type-urls.ts';
import type { XdsListener } from '../contract.ts';
import type { XdsMetrics } from '../metrics.ts';
import type { Acknowledged, Happened, ListenerCall, MetricsCall } from './messages.ts';

/** Collects what a worker's listener and metrics are told, for one message instead of one a sidecar. */
export class Happenings {
  #listener: ListenerCall[] = [];
  #metrics: MetricsCall[] = [];
  readonly #acknowledged = new Map<TypeUrl, Acknowledged>();
  readonly #pushed = new Map<TypeUrl, { bytes: number; answers: number }>();
  readonly #some: () => void;
  #isEmpty = true;

  /** @param some called when there is something again after there was nothing */
  constructor(some: () => void) {
    this.#some = some;
  }

  /** @param decided the deciding process's number of a publication of ours */
  listener(takesLatencies: boolean, decided: (sequence: number) => number): XdsListener {
    const tell = (call: ListenerCall): void => {
      this.#note();
      this.#listener.push(call);
    };
    return {
      loadReport: (report) => tell(['loadReport', report]),
      ...(takesLatencies && { latencyReport: (report) => tell(['latencyReport', report]) }),
      rejected: (event) => tell(['rejected', event]),
      connected: (node, peer) => tell(['connected', node, peer]),
      disconnected: (node, peer) => tell(['disconnected', node, peer]),
      refused: (event) => tell(['refused', event]),
      acknowledged: ({ nodeId, typeUrl, sequence, afterMs }) => {
        this.#note();
        let columns = this.#acknowledged.get(typeUrl);
        if (!columns) {
          columns = { typeUrl, nodeIds: [], sequences: [], afterMs: [] };
          this.#acknowledged.set(typeUrl, columns);
        }
        columns.nodeIds.push(nodeId);
        columns.sequences.push(decided(sequence));
        columns.afterMs.push(afterMs);
      },
    };
  }

  /** Acknowledgements are counted from what the listener is told. */
  metrics(): XdsMetrics {
    const tell = (call: MetricsCall): void => {
      this.#note();
      this.#metrics.push(call);
    };
    return {
      streamOpened: (protocol) => tell(['streamOpened', protocol]),
      streamClosed: (protocol, reason) => tell(['streamClosed', protocol, reason]),
      rejected: (typeUrl) => tell(['rejected', typeUrl]),
      coalesced: () => tell(['coalesced']),
      loadReport: () => tell(['loadReport']),
      acknowledged: () => {},
      pushed: (typeUrl, bytes, answers = 1) => {
        this.#note();
        const sum = this.#pushed.get(typeUrl) ?? { bytes: 0, answers: 0 };
        this.#pushed.set(typeUrl, { bytes: sum.bytes + bytes, answers: sum.answers + answers });
      },
    };
  }

  /** All that was collected since the last time. */
  take(): Happened {
    const happened = {
      listener: this.#listener,
      metrics: this.#metrics,
      acknowledged: [...this.#acknowledged.values()],
      pushed: Array.from(this.#pushed, ([typeUrl, { bytes, answers }]) => [typeUrl, bytes, answers] as const),
    };
    this.#listener = [];
    this.#metrics = [];
    this.#acknowledged.clear();
    this.#pushed.clear();
    this.#isEmpty = true;
    return happened;
  }

  #note(): void {
    if (!this.#isEmpty) return;
    this.#isEmpty = false;
    this.#some();
  }
}

/** Tells in the deciding process what happened in a worker. */
export function tellHappened(
  happened: Happened,
  listener: XdsListener,
  metrics: XdsMetrics | undefined,
): void {
  // A stream is opened before its node is known, and ends after it was.
  for (const call of happened.metrics) apply(metrics, call);
  for (const call of happened.listener) apply(listener, call);
  for (const [typeUrl, bytes, answers] of happened.pushed) metrics?.pushed(typeUrl, bytes, answers);
  for (const { typeUrl, nodeIds, sequences, afterMs } of happened.acknowledged) {
    nodeIds.forEach((nodeId, i) => {
      const event = { nodeId, typeUrl, sequence: sequences[i] ?? 0, afterMs: afterMs[i] ?? 0 };
      metrics?.acknowledged(typeUrl, event.afterMs);
      listener.acknowledged?.(event);
    });
  }
}

function apply<T extends object>(
  target: T | undefined,
  [name, ...args]: readonly [PropertyKey, ...unknown[]],
): void {
  const method: unknown = target && Reflect.get(target, name);
  if (typeof method === 'function') Reflect.apply(method, target, args);
}
