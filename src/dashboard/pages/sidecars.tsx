import { useState } from 'preact/hooks';
import { formatAge, formatMs } from '../format.ts';
import { Chip, ToneIcon } from '../parts/chip.tsx';
import { useMedia } from '../parts/use-media.ts';
import { VirtualList } from '../parts/virtual-list.tsx';
import { mesh } from '../state/app-state.ts';
import { serverNow } from '../state/connection.ts';

const ROW_PX = 48;
const PHONE_ROW_PX = 92;

/** Who is connected, who is behind, and what was refused with which words. */
export function SidecarsPage() {
  const keys = mesh.sidecars.keys.value;
  const [search, setSearch] = useState('');
  const phone = useMedia('(max-width: 760px)');
  mesh.updatedAt.value;
  const shown = keys
    .filter((key) => matches(key, search))
    .toSorted((a, b) => Number(isConverged(a)) - Number(isConverged(b)));
  return (
    <>
      <div class="toolbar">
        <h1 tabIndex={-1}>Sidecars</h1>
        <span class="count" role="status">
          {shown.length === keys.length ? `${keys.length} connected` : `${shown.length} of ${keys.length}`}
        </span>
        <label>
          <span class="visually-hidden">Find a sidecar</span>
          <input
            type="search"
            placeholder="Find by name or role"
            value={search}
            onInput={(event) => setSearch(event.currentTarget.value)}
          />
        </label>
      </div>
      <Rejections />
      {keys.length === 0 && (
        <p class="empty">No sidecar is connected. `penstock bootstrap` prints a configuration for one.</p>
      )}
      {keys.length > 0 && (
        <section class="panel flush" aria-label="Connected sidecars">
          <VirtualList
            label="Sidecars"
            keys={shown}
            rowHeight={phone ? PHONE_ROW_PX : ROW_PX}
            row={(key) => <SidecarRow id={key} />}
          />
        </section>
      )}
    </>
  );
}

function Rejections() {
  const rejected = mesh.sidecars
    .values()
    .flatMap(({ id, rejections }) => rejections.map((rejection) => ({ id, ...rejection })));
  if (rejected.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="rejections-heading">
      <h2 id="rejections-heading">Refused configuration</h2>
      <ul class="rejections">
        {rejected.slice(0, 50).map(({ id, type, at, message }) => (
          <li key={`${id}${type}${at}`}>
            <ToneIcon tone="bad" />
            <div>
              <strong>{id}</strong> refused {type}{' '}
              <small class="muted">{formatAge(at, serverNow.value)}</small>
              <code>{message}</code>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SidecarRow({ id }: { readonly id: string }) {
  const sidecar = mesh.sidecars.find(id)?.value;
  if (!sidecar) return null;
  const behind = sidecar.types.filter(({ acknowledged }) => !acknowledged).map(({ type }) => type);
  return (
    <div class="sidecar-row">
      <span class="service-name">
        <strong>{sidecar.id}</strong>
        <small>{sidecar.role}</small>
      </span>
      <span class="chips">
        {sidecar.converged ? (
          <Chip tone="ok" label="converged" />
        ) : (
          <Chip tone="warn" label={`behind ${formatMs(sidecar.lagMs)}`} title={behind.join(', ')} />
        )}
        {sidecar.rejections.length > 0 && <Chip tone="bad" label={`${sidecar.rejections.length} refused`} />}
      </span>
      <span class="muted">
        {sidecar.types.map(({ type, resources }) => `${resources} ${shorten(type)}`).join(' · ')}
      </span>
      <span class="muted">{sidecar.protocol}</span>
      <span class="muted">{sidecar.address}</span>
      <span class="muted">ACK {formatAge(sidecar.lastAckAt, serverNow.value)}</span>
    </div>
  );
}

/** The short name that the protocol gives a type: `RouteConfiguration` → `RDS`. */
function shorten(type: string): string {
  const names: Readonly<Record<string, string>> = {
    Listener: 'LDS',
    RouteConfiguration: 'RDS',
    Cluster: 'CDS',
    ClusterLoadAssignment: 'EDS',
    Secret: 'SDS',
    Runtime: 'RTDS',
    TypedExtensionConfig: 'ECDS',
  };
  return names[type] ?? type;
}

function matches(key: string, search: string): boolean {
  const text = `${key} ${mesh.sidecars.find(key)?.peek().role}`.toLowerCase();
  return text.includes(search.trim().toLowerCase());
}

function isConverged(key: string): boolean {
  return mesh.sidecars.find(key)?.peek().converged ?? true;
}
