/** Of one pod. */
export interface Serving {
  /** Requests that it works on at a time. */
  readonly concurrency: number;
  /** Time of one, ms: log-normal, with this coefficient of variation. */
  readonly serviceMs: number;
  readonly variation: number;
}

/** Quantiles of the standard normal at the middles of 50 slices of equal probability. */
const NORMAL = Array.from({ length: 50 }, (_, i) => probit((i + 0.5) / 50));

/**
 * Shares of the answers that take longer than each of `bounds`, of `pods` that share the calls by load, as one queue of
 * `pods × concurrency` servers (M/G/c: Erlang's C for who waits, Allen and Cunneen for how long).
 * @param perSecond below what they can serve
 * @param backlogMs how long the queue that is there already takes
 */
export function slowerThan(
  bounds: readonly number[],
  { concurrency, serviceMs, variation }: Serving,
  pods: number,
  perSecond: number,
  backlogMs: number,
): readonly number[] {
  const servers = pods * concurrency;
  const load = (perSecond * serviceMs) / 1000;
  const waits = backlogMs > 0 ? 0 : erlangC(servers, Math.min(load, servers * 0.999));
  const drain = (servers - Math.min(load, servers * 0.999)) / serviceMs;
  const rate = (2 * drain) / (1 + variation ** 2);
  const sigma = Math.sqrt(Math.log(1 + variation ** 2));
  const mu = Math.log(serviceMs) - sigma ** 2 / 2;
  return bounds.map((ms) => {
    const within = ms - backlogMs;
    if (within <= 0) return 1;
    let waiting = 0;
    for (const z of NORMAL) {
      const left = within - Math.exp(mu + sigma * z);
      if (left > 0) waiting += waits * Math.exp(-rate * left);
    }
    return 1 - normal((Math.log(within) - mu) / sigma) + waiting / NORMAL.length;
  });
}

/** Requests a second that one pod can serve. */
export function capacityOf({ concurrency, serviceMs }: Serving): number {
  return (1000 * concurrency) / serviceMs;
}

/** Share of the calls that find all servers busy, by Erlang's B. */
function erlangC(servers: number, load: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (load * blocked) / (n + load * blocked);
  const utilisation = load / servers;
  return blocked / (1 - utilisation * (1 - blocked));
}

/** The inverse of the normal distribution function, by bisection. */
function probit(probability: number): number {
  let low = -8;
  let high = 8;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normal(middle) < probability) low = middle;
    else high = middle;
  }
  return low;
}

/** Abramowitz and Stegun 26.2.17. */
function normal(z: number): number {
  if (z < 0) return 1 - normal(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const poly =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}
