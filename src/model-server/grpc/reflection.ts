import { type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/** Lets clients ask the server for these services' descriptors (grpc.reflection v1 and v1alpha). */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const files = new Map<string, Buffer>();
  for (const service of services) collectFiles(service.file, files);
  // The shape that proto-loader gives its message types; of it, only the descriptors are read.
  const described = {
    format: 'Protocol Buffer 3 DescriptorProto' as const,
    type: {},
    fileDescriptorProtos: [...files.values()],
    serialize: () => Buffer.alloc(0),
    deserialize: () => ({}),
  };
  new ReflectionService({ described }).addToServer(server);
}

function collectFiles(file: DescFile, files: Map<string, Buffer>): void {
  if (files.has(file.name)) return;
  files.set(file.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
  for (const dependency of file.dependencies) collectFiles(dependency, files);
}
