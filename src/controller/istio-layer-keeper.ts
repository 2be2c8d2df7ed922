import type { Resource } from '../core/delta/resource.ts';
import type { ServiceIr } from '../core/ir/ir.ts';
import { istioLayer, type RuntimeValues, runtimeValues } from '../core/translate/istio/istio-layer.ts';
import type { NamedResource } from '../core/translate/resource.ts';

/** Keeps the one resource that tells Istio's sidecars of all services, and makes none before there is such a sidecar. */
export class IstioLayerKeeper {
  readonly #encode: (resource: NamedResource) => Resource;
  readonly #values = new Map<string, RuntimeValues>();
  #followed = false;
  #version: string | undefined;

  constructor(encode: (resource: NamedResource) => Resource) {
    this.#encode = encode;
  }

  /** What is decided of a service now. */
  set(service: ServiceIr): void {
    this.#values.set(service.id, runtimeValues(service));
  }

  delete(id: string): void {
    this.#values.delete(id);
  }

  /** A sidecar of Istio's has come: from now on there is a layer. */
  follow(): void {
    this.#followed = true;
  }

  /** The layer, where it differs from what was taken before. */
  take(): readonly Resource[] {
    if (!this.#followed) return [];
    const layer = this.#encode(istioLayer(this.#values.values()));
    if (layer.version === this.#version) return [];
    this.#version = layer.version;
    return [layer];
  }
}
