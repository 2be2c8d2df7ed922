/** The part of a HorizontalPodAutoscaler's `behavior` for one direction. */
export interface ScalingRules {
  readonly stabilizationWindowSeconds: number;
  readonly policy: {
    readonly type: 'Pods' | 'Percent';
    readonly value: number;
    readonly periodSeconds: number;
  };
}

export interface Behaviour {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
}

/** Of 500 requests/s a pod: two pods in 15 s up after a minute, a tenth a minute down after five. */
export const ONLINE: Behaviour = {
  minReplicas: 2,
  maxReplicas: 20,
  scaleUp: { stabilizationWindowSeconds: 60, policy: { type: 'Pods', value: 2, periodSeconds: 15 } },
  scaleDown: { stabilizationWindowSeconds: 300, policy: { type: 'Percent', value: 10, periodSeconds: 60 } },
};

/** How often it looks (`--horizontal-pod-autoscaler-sync-period`). */
export const SYNC_SECONDS = 15;
/** `--horizontal-pod-autoscaler-tolerance`. */
const TOLERANCE = 0.1;

/**
 * The algorithm of HorizontalPodAutoscalers as Kubernetes documents it
 * (https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/): the ratio with its tolerance,
 * the stabilisation windows over recommendations, and the policies over what was changed within their periods.
 */
export class Autoscaler {
  readonly #behaviour: Behaviour;
  #recommended: { readonly at: number; readonly replicas: number }[] = [];
  #changes: { readonly at: number; readonly by: number }[] = [];

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
  }

  /**
   * One look. @param ratio of the metric to its target, as of `replicas`; undefined: the metric is absent
   * @returns how many replicas there are to be
   */
  look(at: number, replicas: number, ratio: number | undefined): number {
    if (ratio === undefined) return replicas;
    // Where it begins, what there is counts as recommended.
    if (this.#recommended.length === 0) this.#recommended.push({ at, replicas });
    const raw = Math.abs(ratio - 1) <= TOLERANCE ? replicas : Math.ceil(replicas * ratio - 1e-9);
    const { minReplicas, maxReplicas } = this.#behaviour;
    const wanted = Math.min(maxReplicas, Math.max(minReplicas, raw));
    const next = this.#limited(at, replicas, this.#stabilised(at, replicas, wanted));
    if (next !== replicas) this.#changes.push({ at, by: next - replicas });
    return next;
  }

  /** Up by the least that was recommended within its window, down by the most. */
  #stabilised(at: number, replicas: number, wanted: number): number {
    const { scaleUp, scaleDown } = this.#behaviour;
    const longest = Math.max(scaleUp.stabilizationWindowSeconds, scaleDown.stabilizationWindowSeconds);
    this.#recommended = this.#recommended.filter((each) => each.at > at - longest);
    const within = (seconds: number) =>
      this.#recommended.filter((each) => each.at > at - seconds).map((each) => each.replicas);
    const up = Math.min(wanted, ...within(scaleUp.stabilizationWindowSeconds));
    const down = Math.max(wanted, ...within(scaleDown.stabilizationWindowSeconds));
    this.#recommended.push({ at, replicas: wanted });
    return Math.min(Math.max(replicas, up), down);
  }

  #limited(at: number, replicas: number, wanted: number): number {
    const { scaleUp, scaleDown } = this.#behaviour;
    if (wanted > replicas) {
      const { type, value, periodSeconds } = scaleUp.policy;
      const began = replicas - this.#changedWithin(at, periodSeconds, 1);
      return Math.min(wanted, type === 'Pods' ? began + value : Math.ceil(began * (1 + value / 100)));
    }
    if (wanted < replicas) {
      const { type, value, periodSeconds } = scaleDown.policy;
      const began = replicas - this.#changedWithin(at, periodSeconds, -1);
      return Math.max(wanted, type === 'Pods' ? began - value : Math.floor(began * (1 - value / 100)));
    }
    return replicas;
  }

  #changedWithin(at: number, seconds: number, sign: 1 | -1): number {
    return this.#changes
      .filter((each) => each.at > at - seconds && Math.sign(each.by) === sign)
      .reduce((sum, { by }) => sum + by, 0);
  }
}
