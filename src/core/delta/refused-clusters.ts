import type { ResourcePool } from './pool.ts';
import type { Settlement, StreamState } from './stream.ts';
import { TYPE_URL } from './type-urls.ts';

/**
 * Keeps which clusters a stream rejected before it ever had them. "A NACK'd CDS is applied in part": Envoy's message
 * names those that it refused; where it names none, it may be any.
 *
 * @param reached publication up to which the stream had acknowledged its clusters before
 */
export function noteClusters(
  pool: ResourcePool,
  { refusedClusters, view }: StreamState,
  { outstanding, rejection }: Settlement,
  reached: number,
): void {
  if (rejection) {
    const { cds: typeUrl } = TYPE_URL;
    const isNew = (name: string) =>
      Math.max(pool.createdAt({ typeUrl, name }) ?? 0, view?.since(typeUrl, name) ?? 0) > reached;
    const news = outstanding.answer.names.filter(isNew);
    const named = news.filter((name) => rejection.message.includes(name));
    for (const name of named.length > 0 ? named : news) refusedClusters.set(name, rejection.at);
  } else if (refusedClusters.size > 0) {
    for (const name of outstanding.answer.names) refusedClusters.delete(name);
  }
}
