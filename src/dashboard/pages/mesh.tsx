import { useState } from 'preact/hooks';
import type { ServiceStatus } from '../../core/status/status.ts';
import { DecisionEntry } from '../parts/decision-entry.tsx';
import { Kpis } from '../parts/kpis.tsx';
import { ServiceCard } from '../parts/service-card.tsx';
import { ServiceRow, urgency } from '../parts/service-row.tsx';
import { useMedia } from '../parts/use-media.ts';
import { VirtualList } from '../parts/virtual-list.tsx';
import { mesh } from '../state/app-state.ts';
import { totalRate } from '../state/pulses.ts';

/** So few services are shown as large pictures instead of rows. */
const FEW = 4;
const ROW_PX = 50;
const PHONE_ROW_PX = 100;

const ORDERS = {
  attention: { label: 'Attention first', of: urgency },
  rate: { label: 'Busiest first', of: (service: ServiceStatus) => totalRate(service) ?? 0 },
  errors: {
    label: 'Most errors first',
    of: (service: ServiceStatus) => Math.max(0, ...service.versions.map((v) => v.errorPercent ?? 0)),
  },
  name: { label: 'By name', of: () => 0 },
} as const;
type Order = keyof typeof ORDERS;

/** The mesh at a glance. */
export function MeshPage() {
  const keys = mesh.services.keys.value;
  return (
    <>
      <h1 tabIndex={-1}>Mesh</h1>
      <Kpis />
      {keys.length === 0 && (
        <p class="empty">No service is configured. Give `penstock serve` a file with a ModelService.</p>
      )}
      {keys.length > 0 && keys.length <= FEW && (
        <div class="service-cards">
          {keys.map((key) => (
            <ServiceCard key={key} name={key} />
          ))}
        </div>
      )}
      {/* Below hundreds of rows nobody would find them. */}
      <RecentDecisions count={keys.length > FEW ? 3 : 6} />
      {keys.length > FEW && <ServiceList keys={keys} />}
    </>
  );
}

function ServiceList({ keys }: { readonly keys: readonly string[] }) {
  const [search, setSearch] = useState('');
  const [order, setOrder] = useState<Order>('attention');
  const phone = useMedia('(max-width: 760px)');
  const shown = sort(keys, search, order);
  return (
    <section aria-labelledby="services-heading">
      <div class="toolbar">
        <h2 id="services-heading">Services</h2>
        <span class="count" role="status">
          {shown.length === keys.length ? keys.length : `${shown.length} of ${keys.length}`}
        </span>
        <label>
          <span class="visually-hidden">Find a service</span>
          <input
            type="search"
            placeholder="Find a service"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
        <label>
          <span class="visually-hidden">Order</span>
          <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
            {Object.entries(ORDERS).map(([key, { label }]) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
      <div class="panel flush">
        <VirtualList
          label="Services"
          keys={shown}
          rowHeight={phone ? PHONE_ROW_PX : ROW_PX}
          row={(key) => <ServiceRow name={key} />}
        />
      </div>
    </section>
  );
}

/** Keys in the order asked for; followed event by event only where the order depends on numbers. */
function sort(keys: readonly string[], search: string, order: Order): readonly string[] {
  if (order !== 'name') mesh.updatedAt.value;
  const found = keys.filter((key) => key.toLowerCase().includes(search.trim().toLowerCase()));
  if (order === 'name') return found;
  const value = new Map(found.map((key) => [key, rank(key, order)]));
  return found.toSorted((a, b) => (value.get(b) ?? 0) - (value.get(a) ?? 0));
}

function rank(key: string, order: Order): number {
  const service = mesh.services.find(key)?.peek();
  return service ? ORDERS[order].of(service) : 0;
}

function RecentDecisions({ count }: { readonly count: number }) {
  const decisions = mesh.decisions.value.slice(0, count);
  if (decisions.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="recent-heading">
      <div class="panel-head">
        <h2 id="recent-heading">Latest decisions</h2>
        <a href="#/decisions">All decisions</a>
      </div>
      <ol class="timeline">
        {decisions.map((decision) => (
          <DecisionEntry key={decision.id} decision={decision} />
        ))}
      </ol>
    </section>
  );
}
