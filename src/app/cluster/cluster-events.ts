import type { Kind } from '../../core/api/kinds.ts';
import { noticeOf } from '../../core/notify/notice.ts';
import type { DecisionRecord } from '../../core/status/status.ts';
import type { EventRecorder } from '../../kubernetes/event-recorder.ts';
import type { SpecWatch } from '../../kubernetes/spec-watch.ts';

/** Tells decisions as Events of the objects that they are about. */
export function tellEvents(
  recorder: EventRecorder,
  watch: SpecWatch,
  records: readonly DecisionRecord[],
): void {
  for (const record of records) {
    const { at, subject, service, reason, message } = record;
    const [what = '', namespace = '', name = ''] = subject.split('/');
    const kind: Kind = what === 'Rollout' ? 'ModelRollout' : 'ModelService';
    if (name === '') continue;
    const key = kind === 'ModelRollout' ? `${namespace}/${name}` : service;
    const object = watch.find(kind, key);
    if (object === undefined) continue;
    recorder.tell({
      kind,
      namespace,
      name: object.metadata.name,
      uid: object.metadata.uid,
      reason,
      message,
      type: noticeOf(record).severity === 'info' ? 'Normal' : 'Warning',
      at,
    });
  }
}
