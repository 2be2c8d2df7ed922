import type { RequestCounts } from '../../observation/observation.ts';
import { failureRate } from '../../stats/arms.ts';
import { requestsToCertificate } from '../../stats/certificate.ts';
import { log10Evidence } from '../../stats/mixture.ts';
import { log10Abandonment } from './abandonment.ts';
import { isShared } from './blame.ts';
import { burstEffects } from './bursts.ts';
import {
  certificateBounds,
  type ErrorRateMetric,
  type ErrorRateState,
  strength,
} from './error-rate-state.ts';
import { type GateEvidence, type GateLook, SUSPICION, type Verdict } from './gate.ts';
import { pointsOf } from './plot.ts';
import { compareEvidence, neededTraffic, percentage } from './wording.ts';

/** What an error gate says, and by what. */
export function explainErrorRate(
  metric: ErrorRateMetric,
  state: ErrorRateState,
  verdict: Verdict,
  look: GateLook,
): GateEvidence {
  const { log10M, bound } = strength(metric, state, look);
  const shown = log10M >= SUSPICION && state.recent.candidate.requests > 0 ? state.recent : state.total;
  const hangs = log10M >= SUSPICION && log10Abandonment(state.abandonment) >= log10M;
  const [counted, told] = hangs ? [state.abandonment.total, lost] : [shown, failed];
  const shared = isShared(log10Evidence(state.absolute, 'spread'), state.blame, bound);
  const { inflection, points } = state.trend;
  const turned = inflection !== undefined && log10M < bound;
  const more = requestsToCertificate(state.certificate, certificateBounds(metric), look.beta);
  return {
    ...identifyErrorRate(metric, look),
    verdict,
    log10M,
    bound,
    counts: state.total,
    message: [
      `candidate ${told(counted.candidate)}, stable ${told(counted.stable)}`,
      ...(shared ? ['stable does no better, so the candidate is not to blame'] : []),
      ...(turned
        ? [`its share rose by ${percentage(inflection.after - inflection.before)} against stable's`]
        : []),
    ]
      .join('; ')
      .concat(`: ${compareEvidence(log10M, bound)}`),
    needed:
      look.bakingLooks === undefined
        ? neededTraffic(state.stageRequests, state.stageRequests + more, 'requests')
        : undefined,
    figures: {
      candidateRate: failureRate(state.total.candidate),
      stableRate: failureRate(state.total.stable),
      recentCandidateRate: failureRate(state.recent.candidate),
      ...burstFigure(state, look),
      ...(inflection === undefined ? {} : { inflectionAtMs: inflection.atMs, inflectionZ: inflection.z }),
    },
    ...(inflection === undefined ? {} : { trend: points.map(({ atMs, value }) => ({ atMs, value })) }),
    ...(shared ? { shared } : {}),
    points: pointsOf(state.points),
  };
}

/** How many of the candidate's requests count as one; nothing where they are as good as independent. */
function burstFigure(state: ErrorRateState, look: GateLook): Readonly<Record<string, number>> {
  const { candidate } = burstEffects(look.failureDispersion, state.total);
  return candidate < 1.05 ? {} : { requestsCountedAsOne: Number(candidate.toPrecision(3)) };
}

function failed(counts: RequestCounts): string {
  return `${counts.failures} of ${counts.requests} failed`.replace('0 of 0 failed', 'had no requests');
}

function lost(counts: RequestCounts): string {
  return `${counts.failures} of ${counts.requests} never answered`.replace(
    '0 of 0 never answered',
    'had no requests',
  );
}

/** Which gate, and where it was read. */
export function identifyErrorRate(metric: ErrorRateMetric, look: GateLook) {
  return {
    gate: metric.name,
    type: metric.type,
    source: look.candidate?.sources.requests ?? '',
    dryRun: metric.dryRun,
  };
}
