import type { PolicyEvent } from '../core/decide/service-look.ts';
import type { Acknowledgement } from '../core/delta/facts.ts';
import type { Publication, ResourceKey } from '../core/delta/resource.ts';
import { TYPE_URL, type TypeUrl } from '../core/delta/type-urls.ts';
import type { DecisionRecord } from '../core/status/status.ts';
import { ISTIO_LAYER } from '../core/translate/istio/istio-names.ts';

/** A record whose configuration is on its way to the sidecars. */
interface Underway {
  readonly id: number;
  readonly at: number;
  readonly sequence: number;
  readonly keys: readonly ResourceKey[];
  readonly told: string;
}

type Acknowledged = NonNullable<DecisionRecord['acknowledged']>;

/** After this a record's laggards are final; `get sidecars` goes on showing who lags. */
const FOLLOWED_MS = 30_000;

const SHORT_NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries(TYPE_URL).map(([name, url]) => [url, name.toUpperCase()]),
);

const TYPE_URLS: ReadonlyMap<string, TypeUrl> = new Map(
  Object.entries(TYPE_URL).map(([name, url]) => [name.toUpperCase(), url]),
);

/** What the first publication after a restart tells is at least as new as any record before it. */
const FIRST_SEQUENCE = 1;

/** Numbers the decisions, ties them to what was configured, and follows who acknowledged it. */
export class DecisionBook {
  #lastId: number;
  #underway: readonly Underway[] = [];

  /** @param latest the newest records before a restart, the newest first; those on their way are followed on */
  constructor(latest: readonly DecisionRecord[]) {
    this.#lastId = latest[0]?.id ?? 0;
    this.#underway = latest.flatMap((record) => {
      const keys = record.resources.flatMap(keyOf);
      const { acknowledged } = record;
      const done = acknowledged !== undefined && acknowledged.of > 0 && acknowledged.by === acknowledged.of;
      if (done || keys.length === 0) return [];
      return [
        { id: record.id, at: record.at, sequence: FIRST_SEQUENCE, keys, told: JSON.stringify(acknowledged) },
      ];
    });
  }

  /**
   * Records of the events of one service.
   * @param publication what the same look published, of this service and of others
   */
  record(
    service: string,
    events: readonly (PolicyEvent & { readonly actor?: string })[],
    publication: Publication | undefined,
  ): readonly DecisionRecord[] {
    const own = (publication?.changed ?? []).filter(({ name }) => concerns(name, service));
    return events.map((event) => {
      const id = ++this.#lastId;
      if (publication !== undefined && own.length > 0) {
        this.#underway = [
          ...this.#underway,
          { id, at: event.at, sequence: publication.sequence, keys: own, told: '' },
        ];
      }
      return {
        id,
        at: event.at,
        subject: event.subject,
        service,
        reason: event.reason,
        message: event.message,
        actor: event.actor ?? 'penstock',
        evidence: event.evidence,
        change: event.change,
        resources: own.map(({ typeUrl, name, version }) => ({
          type: SHORT_NAMES.get(typeUrl) ?? typeUrl,
          name,
          version,
        })),
        acknowledged: undefined,
      };
    });
  }

  /** What is new about who acknowledged which record. */
  follow(
    acknowledgement: (sequence: number, keys: readonly ResourceKey[]) => Acknowledgement,
    nowMs: number,
  ): readonly { readonly id: number; readonly acknowledged: Acknowledged }[] {
    const news: { id: number; acknowledged: Acknowledged }[] = [];
    this.#underway = this.#underway.flatMap((each) => {
      const { by, of, lastAt, laggards } = acknowledgement(each.sequence, each.keys);
      const acknowledged = { by, of, lastAt, laggards };
      const told = JSON.stringify(acknowledged);
      if (told !== each.told) news.push({ id: each.id, acknowledged });
      const done = (of > 0 && by === of) || nowMs - each.at > FOLLOWED_MS;
      return done ? [] : [{ ...each, told }];
    });
    return news;
  }
}

function keyOf({ type, name }: DecisionRecord['resources'][number]): readonly ResourceKey[] {
  const typeUrl = TYPE_URLS.get(type);
  return typeUrl === undefined ? [] : [{ typeUrl, name }];
}

/** Resources of a service are named after it: `NAMESPACE/NAME` or `NAMESPACE/NAME/…`; Istio's layer is everybody's. */
function concerns(resource: string, service: string): boolean {
  return resource === service || resource.startsWith(`${service}/`) || resource === ISTIO_LAYER;
}
