/** A machine as the search sees it: states are values, moves are named, and nothing else can happen. */
export interface Machine<State, Move> {
  readonly start: readonly State[];
  readonly moves: readonly Move[];
  readonly apply: (state: State, move: Move) => State;
  /**
   * States with the same key are taken for one. The search is exhaustive when equal keys mean equal futures, and
   * otherwise visits one representative of each key.
   */
  readonly key: (state: State) => string;
  /**
   * Bounds a machine that has no end: a state outside is checked, and not gone on from. Without it the machine is
   * bounded by itself.
   */
  readonly within?: (state: State) => boolean;
  /** What must hold of every step; the text says what does not. */
  readonly check: (before: State, move: Move, after: State) => string | undefined;
  /** What must hold of every state that can be reached, such as a way out of it. */
  readonly checkState?: (state: State) => string | undefined;
}

export interface Exploration<State, Move> {
  readonly states: readonly State[];
  readonly steps: number;
  /** Nothing is left to visit: within `depth` moves every state was reached that can be reached within the bounds. */
  readonly complete: boolean;
  /** States outside of the bounds that were looked at. */
  readonly outside: number;
  readonly depth: number;
  /** The shortest way to a step or a state that is wrong. */
  readonly violation: { readonly path: readonly Move[]; readonly message: string } | undefined;
}

interface Visit<State, Move> {
  readonly state: State;
  readonly from: Visit<State, Move> | undefined;
  readonly move: Move | undefined;
}

/** Visits every state within `depth` moves of the start, nearest first, and stops at the first that is wrong. */
export function explore<State, Move>(
  machine: Machine<State, Move>,
  limits: { readonly depth: number },
): Exploration<State, Move> {
  const seen = new Set<string>();
  const states: State[] = [];
  let steps = 0;
  let depth = 0;
  let outside = 0;
  const found = (visit: Visit<State, Move>, message: string): Exploration<State, Move> => ({
    states,
    steps,
    depth,
    outside,
    complete: false,
    violation: { path: pathTo(visit), message },
  });
  let edge: Visit<State, Move>[] = machine.start.map((state) => ({
    state,
    from: undefined,
    move: undefined,
  }));
  for (const { state } of edge) seen.add(machine.key(state));
  for (; edge.length > 0; depth++) {
    const next: Visit<State, Move>[] = [];
    for (const visit of edge) {
      states.push(visit.state);
      const wrong = machine.checkState?.(visit.state);
      if (wrong !== undefined) return found(visit, wrong);
      if (depth === limits.depth) continue;
      if (machine.within?.(visit.state) === false) {
        outside += 1;
        continue;
      }
      for (const move of machine.moves) {
        const after: Visit<State, Move> = { state: machine.apply(visit.state, move), from: visit, move };
        steps += 1;
        const problem = machine.check(visit.state, move, after.state);
        if (problem !== undefined) return found(after, problem);
        const key = machine.key(after.state);
        if (seen.has(key)) continue;
        seen.add(key);
        next.push(after);
      }
    }
    if (depth === limits.depth)
      return { states, steps, depth, outside, complete: false, violation: undefined };
    edge = next;
  }
  return { states, steps, depth: depth - 1, outside, complete: true, violation: undefined };
}

function pathTo<State, Move>(visit: Visit<State, Move>): Move[] {
  const path: Move[] = [];
  for (let at: Visit<State, Move> | undefined = visit; at !== undefined; at = at.from)
    if (at.move !== undefined) path.unshift(at.move);
  return path;
}
