import type { Publication } from '../core/delta/resource.ts';
import { TYPE_URL } from '../core/delta/type-urls.ts';
import type { Acknowledgement } from '../core/policy/rollout/decision.ts';
import { ISTIO_LAYER } from '../core/translate/istio/istio-names.ts';
import type { MeshPublisher } from './mesh-publisher.ts';

interface Published {
  readonly revision: number;
  readonly sequence: number;
}

/** Tells a rollout how far the routes with its latest weights have come. */
export class RouteAcknowledgement {
  readonly #publisher: MeshPublisher;
  readonly #published = new Map<string, Published>();

  constructor(publisher: MeshPublisher) {
    this.#publisher = publisher;
  }

  /** The weights of a revision are in this publication, or in an earlier one when they were no change. */
  published(service: string, revision: number | undefined, publication: Publication): void {
    if (revision === undefined || this.#published.get(service)?.revision === revision) return;
    this.#published.set(service, { revision, sequence: publication.sequence });
  }

  /** Of the sidecars that are told the weights of a service, in its routes or in Istio's layer, those that lag. */
  of(service: string): Acknowledgement {
    const published = this.#published.get(service);
    if (published === undefined) return { revision: -1, connected: 0, laggards: [] };
    const keys = [
      { typeUrl: TYPE_URL.rds, name: service },
      { typeUrl: TYPE_URL.rtds, name: ISTIO_LAYER },
    ];
    const { of, laggards } = this.#publisher.acknowledgement(published.sequence, keys);
    return { revision: published.revision, connected: of, laggards };
  }
}
