import { useState } from 'preact/hooks';
import type { DecisionRecord } from '../../core/status/status.ts';
import { DecisionEntry } from '../parts/decision-entry.tsx';
import { mesh } from '../state/app-state.ts';
import { merge } from '../state/mesh.ts';

const PAGE = 100;

/** Every decision with its why, newest first; older ones are read from the server on demand. */
export function DecisionsPage({ search: initial }: { readonly search: string }) {
  const [search, setSearch] = useState(initial);
  const [older, setOlder] = useState<readonly DecisionRecord[]>([]);
  const [end, setEnd] = useState(false);
  const all = merge(older, mesh.decisions.value);
  const shown = all.filter((decision) => matches(decision, search));
  const more = async () => {
    const read = await readBefore(all.at(-1)?.id ?? 0);
    setOlder(merge(older, read));
    setEnd(read.length < PAGE);
  };
  return (
    <>
      <div class="toolbar">
        <h1 tabIndex={-1}>Decisions</h1>
        <span class="count" role="status">
          {shown.length === all.length ? `${all.length} decisions` : `${shown.length} of ${all.length}`}
        </span>
        <label>
          <span class="visually-hidden">Find decisions</span>
          <input
            type="search"
            placeholder="Find by subject, reason or text"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      </div>
      <section class="panel" aria-label="Decisions, newest first">
        {shown.length === 0 && (
          <p class="empty">{all.length === 0 ? 'Nothing was decided yet.' : 'None of them matches.'}</p>
        )}
        <ol class="timeline">
          {shown.map((decision) => (
            <DecisionEntry key={decision.id} decision={decision} />
          ))}
        </ol>
        {all.length > 0 && !end && (
          <button type="button" onClick={more}>
            Older decisions
          </button>
        )}
      </section>
    </>
  );
}

function matches(decision: DecisionRecord, search: string): boolean {
  const text = `${decision.subject} ${decision.reason} ${decision.message} ${decision.actor}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

async function readBefore(id: number): Promise<readonly DecisionRecord[]> {
  const response = await fetch(`/api/v1/decisions?limit=${PAGE}&before=${id}`).catch(() => undefined);
  return response?.ok ? ((await response.json()) as DecisionRecord[]) : [];
}
