import type { DecisionRecord } from '../../core/status/status.ts';
import { formatDuration, formatTime, formatWeight } from '../format.ts';
import { serverNow } from '../state/connection.ts';
import { ToneIcon } from './chip.tsx';
import { reasonTone, words } from './tone.ts';

/** One decision: when, what, why; opened, its evidence, what changed and who acknowledged it. */
export function DecisionEntry({
  decision,
  withSubject = true,
}: {
  readonly decision: DecisionRecord;
  readonly withSubject?: boolean;
}) {
  const now = serverNow.value;
  const { by, of, lastAt, laggards } = decision.acknowledged ?? {
    by: 0,
    of: 0,
    lastAt: undefined,
    laggards: [],
  };
  return (
    <li class="decision" data-reason={decision.reason}>
      <span class="decision-mark">
        <ToneIcon tone={reasonTone(decision.reason)} size={16} />
      </span>
      <details>
        <summary>
          <span class="decision-head">
            <strong>{words(decision.reason)}</strong>
            {withSubject && <span class="decision-subject">{decision.subject}</span>}
            <time
              dateTime={new Date(decision.at).toISOString()}
              title={`${formatDuration(now - decision.at)} ago`}
            >
              {formatTime(decision.at, now)}
            </time>
          </span>
          <span class="decision-why">{decision.message}</span>
        </summary>
        <dl class="facts">
          <Fact name="decided by" value={decision.actor} />
          {decision.change && <Changes before={decision.change.before} after={decision.change.after} />}
          {flatten(decision.evidence).map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
          {decision.resources.map(({ type, name, version }) => (
            <Fact key={type + name} name={type} value={`${name} at ${version}`} />
          ))}
          {decision.acknowledged && (
            <Fact
              name="acknowledged"
              value={`${by} of ${of} sidecars${lastAt ? `, the last after ${lastAt - decision.at} ms` : ''}${laggards.length > 0 ? `; waiting for ${laggards.join(', ')}` : ''}`}
            />
          )}
        </dl>
      </details>
    </li>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Changes({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  const old = new Map(flatten(before, ''));
  const next = new Map(flatten(after, ''));
  const names = [...new Set([...old.keys(), ...next.keys()])];
  return (
    <>
      {names.map((name) => (
        <Fact
          key={name}
          name={name || 'change'}
          value={`${old.get(name) ?? 'nothing'} → ${next.get(name) ?? 'nothing'}`}
        />
      ))}
    </>
  );
}

/** Nested values as `failures.stable` → `2`. */
function flatten(value: unknown, name = ''): readonly (readonly [string, string])[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object'))
    return [[name, value.join(', ')]];
  if (typeof value !== 'object') return [[name, describe(value, name)]];
  return Object.entries(value).flatMap(([key, part]) => flatten(part, name ? `${name}.${key}` : key));
}

function describe(value: unknown, name: string): string {
  if (typeof value !== 'number') return String(value);
  if (/(^|\.)weight$/i.test(name)) return formatWeight(value);
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(5)));
}
