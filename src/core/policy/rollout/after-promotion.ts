import { assess, reasonsOf } from './assessment.ts';
import { observeGates } from './observe-gates.ts';
import { retreat } from './progress.ts';
import { move, type Turn, tell, time } from './turn.ts';

/** All traffic is on its way to the candidate. */
export function promoting(turn: Turn): Turn {
  const seen = watch(turn);
  if (seen.state.phase !== 'Promoting' || !turn.acknowledged) return seen;
  return move(seen, 'Baking', 'Baking', 'all traffic is on the candidate; stable stays warm');
}

/** Stable stays warm for `retention`; time without data does not count, nor while sidecars still call it. */
export function baking(turn: Turn): Turn {
  const seen = watch(turn);
  if (seen.state.phase !== 'Baking' || turn.input.frozen) return seen;
  const blind = seen.evidence.some((evidence) => evidence.verdict === 'no-data' && !evidence.dryRun);
  const counts = turn.acknowledged && !blind;
  const bakingMs = seen.state.timers.bakingMs + (counts ? turn.elapsedMs : 0);
  const later = { ...seen, state: time(seen.state, { bakingMs }) };
  if (!turn.acknowledged || bakingMs < turn.input.spec.retention) return later;
  return move(later, 'Completed', 'Completed', 'the candidate has taken over');
}

/** The drift detectors, and what a breach means when everything has moved already. */
function watch(turn: Turn): Turn {
  const { retention, analysis } = turn.input.spec;
  const looks = Math.max(1, retention / analysis.interval);
  const seen = observeGates(turn, turn.acknowledged, looks);
  if (turn.input.frozen) return seen;
  const found = assess(seen);
  // Without stable beside it, other scores may as well come of other questions: people are told, and decide.
  const drifted = found.rollBack.filter(({ metric }) => metric.type === 'ScoreShift');
  const rollBack = found.rollBack.filter(({ metric }) => metric.type !== 'ScoreShift');
  const pullBack = found.pullBack.filter(({ metric }) => metric.type !== 'ScoreShift');
  const back = retreat(seen, { ...found, rollBack, pullBack, blindTooLong: [] });
  if (back !== undefined) return back;
  const fresh = [...found.freeze, ...drifted].filter(
    (each) => turn.state.gates[each.metric.name]?.verdict !== 'breach',
  );
  return fresh.length === 0 ? seen : tell(seen, 'Warning', 'GateBreached', reasonsOf(fresh));
}
