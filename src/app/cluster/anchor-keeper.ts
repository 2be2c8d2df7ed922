import type { Logger } from 'pino';
import type { Controller, ServiceView } from '../../controller/controller.ts';
import { assembleAnchors } from '../../core/assemble/assemble-anchor.ts';
import type { SpecIndex } from '../../core/decide/spec-index.ts';
import { type AnchorOwner, type AnchorVerdict, planAnchors } from '../../core/istio/plan-anchors.ts';
import type { AnchorJudgement } from '../../core/status/object-status.ts';
import type { AnchorOptions } from '../../core/translate/istio/anchor.ts';
import { BOOTSTRAP_NAME } from '../../core/translate/istio/bootstrap-override.ts';
import { type RuntimeValues, runtimeValues } from '../../core/translate/istio/istio-layer.ts';
import { isOurs, objectName } from '../../core/translate/istio/istio-object.ts';
import type { ApiClient } from '../../kubernetes/api-client.ts';
import { AnchorObjects } from '../../kubernetes/istio/anchor-objects.ts';
import { ISTIO_KINDS, type IstioKind } from '../../kubernetes/istio/istio-kinds.ts';
import type { SpecObject } from '../../kubernetes/spec-watch.ts';

/** What is to be done about anchors. */
export interface AnchorMode {
  /** `remove`: the mode is left; nothing of ours stays. */
  readonly kind: 'apply' | 'remove';
  readonly options: AnchorOptions;
  /** Whether what is decided is written into the routes too, for pods that were not restarted. */
  readonly writesDecisions: boolean;
  /** The namespace of the services that are followed; undefined: all. */
  readonly within: string | undefined;
}

/** Annotation of a ModelService: foreign objects (`KIND/NAMESPACE/NAME`, by commas) beside which its anchor stands. */
const ADOPT = 'penstock.dev/adopt';
const BOOTSTRAPS: IstioKind = {
  kind: 'ConfigMap',
  apiVersion: 'v1',
  plural: 'configmaps',
  optional: false,
  named: BOOTSTRAP_NAME,
};
/** What the API server refused is tried again after this, whatever has changed. */
const RETRY_MS = 10_000;
const NOTHING: SpecIndex = {
  services: new Map(),
  rollouts: new Map(),
  policies: new Map(),
  templates: [],
};

/** Has the cluster have the anchors that the specs ask for, as long as this replica decides. */
export class AnchorKeeper {
  readonly #mode: AnchorMode;
  readonly #objects: AnchorObjects;
  readonly #log: Logger;
  #dirty = true;
  #verdicts: ReadonlyMap<string, AnchorVerdict> = new Map();
  /** Owners and decisions as they were last compared, as text. */
  #inputs = '';
  #comparedAt = 0;
  /** What was applied last, as text, by object. */
  readonly #applied = new Map<string, string>();
  /** Ours that stood as they were wanted. */
  #standing: ReadonlySet<string> = new Set();
  readonly #troubles = new Map<string, string>();

  constructor(client: ApiClient, mode: AnchorMode, log: Logger) {
    this.#mode = mode;
    this.#log = log;
    this.#objects = new AnchorObjects(client, [...ISTIO_KINDS, BOOTSTRAPS], undefined, {
      changed: () => {
        this.#dirty = true;
      },
      trouble: (kind, message) => this.#trouble(kind, message),
    });
  }

  /** Something that anchors are made of is another than before. */
  changed(): void {
    this.#dirty = true;
  }

  /**
   * Compares and writes, where anything has changed.
   * @param services all ModelServices of the cluster
   */
  keep(controller: Pick<Controller, 'specs' | 'views'>, services: ReadonlyMap<string, SpecObject>): void {
    const leaving = this.#mode.kind === 'remove';
    const owners = leaving ? new Map<string, AnchorOwner>() : ownersOf(services);
    const written = this.#mode.writesDecisions ? writtenOf(controller.views()) : undefined;
    const inputs = JSON.stringify([
      [...owners].map(([id, { uid, adopted }]) => [id, uid, ...adopted]),
      written === undefined ? [] : [...written],
    ]);
    const failed = this.#objects.failures.size > 0 && performance.now() - this.#comparedAt > RETRY_MS;
    if (!this.#objects.settled || (!this.#dirty && !failed && inputs === this.#inputs)) return;
    this.#dirty = false;
    this.#comparedAt = performance.now();
    this.#inputs = inputs;
    const { apply, remove, verdicts } = planAnchors({
      anchors: assembleAnchors(leaving ? NOTHING : controller.specs),
      options: { ...this.#mode.options, ...(written === undefined ? {} : { written }) },
      owners,
      existing: this.#objects.objects,
      within: this.#mode.within,
    });
    for (const object of apply) {
      const name = objectName(object);
      const text = JSON.stringify(object);
      if (this.#standing.has(name) && this.#applied.get(name) === text)
        this.#log.warn({ object: name }, 'somebody changed it; applied again');
      this.#applied.set(name, text);
      this.#objects.apply(object);
    }
    for (const object of remove) {
      this.#applied.delete(objectName(object));
      this.#objects.remove(object);
    }
    const moved = new Set([...apply, ...remove].map(objectName));
    const ours = this.#objects.objects.filter(isOurs).map(objectName);
    this.#standing = new Set(ours.filter((name) => !moved.has(name)));
    this.#verdicts = verdicts;
  }

  /** Whether the anchor of a service stands; undefined: there is to be none. */
  verdictOf(service: string): AnchorJudgement | undefined {
    if (this.#mode.kind === 'remove') return undefined;
    const verdict = this.#verdicts.get(service);
    const [trouble] = this.#troubles.values();
    if (trouble !== undefined) return { status: 'False', reason: 'NotReadable', message: trouble };
    if (verdict === undefined)
      return { status: 'False', reason: 'Waiting', message: "the cluster's objects are not known yet" };
    const refused = [...this.#objects.failures].filter(([name]) => verdict.message.includes(name));
    if (verdict.reason !== 'Applying' || refused.length === 0) return verdict;
    const message = refused.map(([name, why]) => `${name}: ${why}`).join('; ');
    return { status: 'False', reason: 'NotApplied', message };
  }

  /** Another replica decides. */
  follow(): void {
    this.#objects.forget();
    this.#standing = new Set();
    this.#dirty = true;
  }

  close(): Promise<void> {
    return this.#objects.close();
  }

  #trouble(kind: string, message: string | undefined): void {
    if (message === undefined) this.#troubles.delete(kind);
    else {
      if (!this.#troubles.has(kind))
        this.#log.warn({ kind }, `anchors wait: the API server cannot tell of this kind: ${message}`);
      this.#troubles.set(kind, `the API server cannot tell of ${kind}s: ${message}`);
    }
  }
}

function writtenOf(views: readonly ServiceView[]): ReadonlyMap<string, RuntimeValues> {
  const told = views.flatMap(({ ir }) => ir ?? []);
  return new Map(told.map((service) => [service.id, runtimeValues(service)]));
}

function ownersOf(services: ReadonlyMap<string, SpecObject>): ReadonlyMap<string, AnchorOwner> {
  return new Map(
    [...services].map(([id, { metadata }]) => {
      const named = (metadata.annotations?.[ADOPT] ?? '').split(',').map((each) => each.trim());
      return [id, { uid: metadata.uid ?? '', adopted: new Set(named.filter((each) => each !== '')) }];
    }),
  );
}
