import type { Change, Resource, ResourceKey } from '../../core/delta/resource.ts';
import type { TypeUrl } from '../../core/delta/type-urls.ts';

/** A resource without the bytes that it has twice. */
interface WireResource extends Omit<Resource, 'sotwFrame'> {
  /** The frame for state of the world, or of how many bytes at the end of the other it consists. */
  readonly sotw: Uint8Array | number;
}

/** A change in a form that a message between processes carries, each resource's bytes once. */
export interface WireChange {
  readonly upsert: readonly WireResource[];
  readonly remove: readonly ResourceKey[];
  readonly views: readonly (readonly [string, Readonly<Partial<Record<TypeUrl, readonly string[]>>>])[];
  readonly removeViews: readonly string[];
}

export function toWire(change: Change): WireChange {
  return {
    upsert: Array.from(change.upsert ?? [], wireResource),
    remove: Array.from(change.remove ?? [], ({ typeUrl, name }) => ({ typeUrl, name })),
    views: Array.from(change.views ?? [], ([key, contents]) => [
      key,
      Object.fromEntries(Object.entries(contents).map(([typeUrl, names]) => [typeUrl, [...names]])),
    ]),
    removeViews: [...(change.removeViews ?? [])],
  };
}

export function fromWire({ upsert, ...rest }: WireChange): Change {
  return { ...rest, upsert: upsert.map(resourceOf) };
}

function wireResource({ sotwFrame, ...rest }: Resource): WireResource {
  const { deltaFrame } = rest;
  const isItsEnd =
    sotwFrame.buffer === deltaFrame.buffer &&
    sotwFrame.byteOffset + sotwFrame.length === deltaFrame.byteOffset + deltaFrame.length;
  return { ...rest, sotw: isItsEnd ? sotwFrame.length : sotwFrame };
}

function resourceOf({ sotw, ...rest }: WireResource): Resource {
  const { deltaFrame } = rest;
  const sotwFrame = typeof sotw === 'number' ? deltaFrame.subarray(deltaFrame.length - sotw) : sotw;
  return { ...rest, sotwFrame };
}
