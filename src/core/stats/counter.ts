/** One reading of a counter that only ever rises while its process lives. */
export interface CounterSample {
  /** What changes with each start of the process (start time, pod uid); '' where nothing tells. */
  readonly epoch: string;
  readonly value: number;
}

export interface CounterDelta {
  readonly increase: number;
  /** The process started anew in between; what the old one counted after the last look is lost. */
  readonly reset: boolean;
}

/**
 * Increase of a counter between two looks. Another epoch, or a value that went down, is a restart: everything
 * the new process shows was counted since, from zero. The first look at a counter increases by nothing: when
 * its value was counted is unknown.
 */
export function counterDelta(previous: CounterSample | undefined, current: CounterSample): CounterDelta {
  if (previous === undefined) return { increase: 0, reset: false };
  if (previous.epoch !== current.epoch || current.value < previous.value) {
    return { increase: current.value, reset: true };
  }
  return { increase: current.value - previous.value, reset: false };
}

/**
 * Sum of the increases over pods; a pod that went away adds nothing, a new one (known by `newPods: 'zero'` to
 * have started after the previous look) counts from zero.
 */
export function counterDeltas(
  previous: Readonly<Record<string, CounterSample>>,
  current: Readonly<Record<string, CounterSample>>,
  newPods: 'zero' | 'baseline',
): CounterDelta {
  let increase = 0;
  let reset = false;
  for (const [pod, sample] of Object.entries(current)) {
    const known = previous[pod] ?? (newPods === 'zero' ? { epoch: sample.epoch, value: 0 } : undefined);
    const delta = counterDelta(known, sample);
    increase += delta.increase;
    reset ||= delta.reset;
  }
  return { increase, reset };
}
