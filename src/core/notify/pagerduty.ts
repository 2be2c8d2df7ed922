import { jsonPost, type Post, type Sending } from './message.ts';
import type { Notice } from './notice.ts';

const MOST_SUMMARY = 1_024;
const MOST_KEY = 255;

/**
 * Events of PagerDuty's Events API v2, one for each notice. All of a subject have the same key: they are one alert,
 * which the end of the trouble resolves.
 *
 * Source: PagerDuty, "Events API v2: send an alert event".
 */
export function pagerdutyMessages(sending: Sending): readonly Post[] {
  return sending.group.notices.map((notice) => {
    const event = {
      routing_key: sending.secret ?? '',
      dedup_key: `penstock/${notice.subject}`.slice(0, MOST_KEY),
    };
    if (notice.ends !== undefined) return jsonPost(sending, { ...event, event_action: 'resolve' });
    return jsonPost(sending, {
      ...event,
      event_action: 'trigger',
      client: 'Penstock',
      payload: payloadOf(notice),
    });
  });
}

function payloadOf({ at, severity, subject, service, reason, message, actor, change }: Notice): object {
  return {
    summary: `${subject} ${reason}: ${message}`.slice(0, MOST_SUMMARY),
    source: service === '' ? 'penstock' : service,
    severity,
    timestamp: new Date(at).toISOString(),
    component: subject,
    group: service,
    class: reason,
    custom_details: { actor, change },
  };
}
