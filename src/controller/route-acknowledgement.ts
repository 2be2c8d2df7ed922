import type { Publication } from '../core/delta/resource.ts';
import type { Acknowledgement } from '../core/policy/rollout/decision.ts';
import { type MeshPublisher, routeKeys } from './mesh-publisher.ts';
import type { AnchorSource } from './ports.ts';

/** Of a service: sidecars that other replicas serve, and which of them lag behind the weights in force. */
export type Elsewhere = (service: string) => {
  readonly connected: number;
  readonly laggards: readonly string[];
};

interface Published {
  readonly revision: number;
  readonly sequence: number;
}

/** Tells a rollout how far the routes with its latest weights have come. */
export class RouteAcknowledgement {
  readonly #publisher: MeshPublisher;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #anchors: AnchorSource | undefined;
  readonly #published = new Map<string, Published>();

  /**
   * @param elsewhere the same of sidecars that other replicas serve
   * @param anchors who acknowledges and does not follow
   */
  constructor(publisher: MeshPublisher, elsewhere?: Elsewhere, anchors?: AnchorSource) {
    this.#publisher = publisher;
    this.#elsewhere = elsewhere;
    this.#anchors = anchors;
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
    const { of, laggards } = this.#publisher.acknowledgement(published.sequence, routeKeys(service));
    const elsewhere = this.#elsewhere?.(service) ?? { connected: 0, laggards: [] };
    return {
      revision: published.revision,
      connected: of + elsewhere.connected,
      laggards: this.#withUntied(service, [...laggards, ...elsewhere.laggards]),
    };
  }

  /** What a sidecar acknowledges and its anchor does not know is not in force. */
  #withUntied(service: string, laggards: readonly string[]): readonly string[] {
    const untied = this.#anchors?.of(service) ?? new Map<string, string>();
    return [...laggards.filter((node) => !untied.has(node)), ...untied.values()];
  }
}
