import type { BreakerPhase, GateStatus, RolloutPhase } from '../../core/status/status.ts';

/** How something stands: shown by colour, by the shape of its icon and by a word. */
export type Tone = 'ok' | 'busy' | 'warn' | 'bad' | 'idle';

const ROLLOUT_TONES: Readonly<Record<RolloutPhase, Tone>> = {
  Pending: 'idle',
  Warming: 'busy',
  Progressing: 'busy',
  Paused: 'warn',
  Frozen: 'warn',
  Holding: 'warn',
  Promoting: 'busy',
  Baking: 'ok',
  Completed: 'ok',
  RollingBack: 'bad',
  RolledBack: 'bad',
  Superseded: 'idle',
};

export function rolloutTone(phase: RolloutPhase): Tone {
  return ROLLOUT_TONES[phase];
}

/** Whether the rollout still goes on by itself or waits to. */
export function isUnderWay(phase: RolloutPhase): boolean {
  return !['Completed', 'RolledBack', 'Superseded'].includes(phase);
}

/** `RollingBack` → `Rolling back`. */
export function words(camelCase: string): string {
  const spaced = camelCase
    .replace(/_/g, ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

export function breakerTone(phase: BreakerPhase): Tone {
  return ({ CLOSED: 'ok', HALF_OPEN: 'warn', OPEN: 'bad' } as const)[phase];
}

export function gateTone(verdict: GateStatus['verdict']): Tone {
  return ({ pass: 'ok', insufficient: 'busy', warning: 'warn', breach: 'bad', 'no-data': 'idle' } as const)[
    verdict
  ];
}

/** How a decision's reason sounds: what took traffic away is bad, what gave it back good. */
export function reasonTone(reason: string): Tone {
  if (
    /RolledBack|RollingBack|Opened|Breach|Failed|Rejected|Ejected|Aborted/.test(reason) &&
    !/HalfOpened/.test(reason)
  )
    return 'bad';
  if (/Paused|Frozen|Held|Holding|HalfOpened|Derated|Limited|NoData|Reduced/.test(reason)) return 'warn';
  if (/Completed|Promoted|Closed|Recovered|Restored|Returned/.test(reason)) return 'ok';
  if (/Advanced|Started|Resumed|Retried/.test(reason)) return 'busy';
  return 'idle';
}
