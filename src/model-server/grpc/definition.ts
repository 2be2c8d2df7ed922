import {
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { MethodDefinition } from '@grpc/grpc-js';

/** The wire form of one method for grpc-js, from its generated descriptor. */
export function methodDefinition(service: DescService, method: DescMethod): MethodDefinition<object, object> {
  return {
    path: `/${service.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: (message) => encode(method.input, message),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => encode(method.output, message),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

function encode(schema: DescMethod['input'], message: object): Buffer {
  const bytes = toBinary(schema, message as MessageShape<typeof schema>);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
