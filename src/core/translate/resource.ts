import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { isServed, type TypeUrl } from '../delta/type-urls.ts';

/** One xDS resource, encoded once: what the store keeps and every stream shares. */
export interface NamedResource {
  readonly typeUrl: TypeUrl;
  readonly name: string;
  readonly value: Uint8Array;
}

/**
 * Encodes a message as the resource `name`. Equal inits give equal bytes: fields are written in the order of
 * their numbers and maps in the order of their keys' insertion.
 */
export function resource<Desc extends DescMessage>(
  schema: Desc,
  name: string,
  init: MessageInitShape<Desc>,
): NamedResource {
  const typeUrl = typeUrlOf(schema);
  if (!isServed(typeUrl)) throw new Error(`${typeUrl} is not a type of resources`);
  return { typeUrl, name, value: toBinary(schema, create(schema, init)) };
}

/** A message as an extension's `typed_config`. */
export function typedConfig<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Any {
  return anyPack(schema, create(schema, init));
}

/** How an `Any` names a message's type. */
export function typeUrlOf(schema: DescMessage): string {
  return `type.googleapis.com/${schema.typeName}`;
}
