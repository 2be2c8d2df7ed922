/** A seeded source of randomness, so that every run of the benchmark says the same. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

/** Mulberry32: 32 bits of state, good enough for counts, and the same everywhere. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** A Poisson count; by waiting times up to a mean of 30, in pieces above. */
export function poisson(random: Random, mean: number): number {
  if (mean > 30) return poisson(random, mean / 2) + poisson(random, mean / 2);
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count += 1;
  return count;
}

/** How many of `trials` succeed; by the gaps between successes, which is quick where they are rare. */
export function binomial(random: Random, trials: number, probability: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return trials;
  if (probability > 0.5) return trials - binomial(random, trials, 1 - probability);
  const logMiss = Math.log1p(-probability);
  let successes = 0;
  for (let at = gap(random, logMiss); at < trials; at += 1 + gap(random, logMiss)) successes += 1;
  return successes;
}

function gap(random: Random, logMiss: number): number {
  return Math.floor(Math.log(1 - random.next()) / logMiss);
}
