import type { EventHook } from '../api/webhook.ts';
import type { DecisionRecord } from '../status/status.ts';
import type { Notice } from './notice.ts';
import { noticeOf } from './notice.ts';

/** 2026-03-01T12:00:00Z. */
export const NOON = Date.UTC(2026, 2, 1, 12);

/** The decision that opened a breaker, with its number. */
export function tripped(id = 1, service = 'default/fraud'): DecisionRecord {
  return {
    id,
    at: NOON + id * 1000,
    subject: `Breaker/${service}`,
    service,
    reason: 'ErrorThreshold',
    message: '12 of 20 failed (60 %, 50 % opens)',
    actor: 'penstock',
    evidence: { requests: 20, failures: 12 },
    change: { before: 'CLOSED', after: 'OPEN' },
    resources: [],
    acknowledged: undefined,
  };
}

/** The decision that closed it again. */
export function recovered(id = 2): DecisionRecord {
  return {
    ...tripped(id),
    reason: 'Recovered',
    message: 'all probes were answered',
    change: { before: 'HALF_OPEN', after: 'CLOSED' },
  };
}

export function tripNotice(id = 1): Notice {
  return noticeOf(tripped(id));
}

/** A webhook with its defaults. */
export function hookOf(hook: Partial<EventHook>): EventHook {
  return { url: 'https://hooks.example.com/x', timeout: 1000, retries: 3, format: 'generic', ...hook };
}
