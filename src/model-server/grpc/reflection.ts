import { EventEmitter } from 'node:events';
import { type DescFile, type DescService, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import type { MethodDefinition, Server, ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { frameMessage } from '../../grpc/messages.ts';
import type { Method } from '../../grpc/method.ts';
import { ENDED_WELL } from '../../grpc/status.ts';

/** What the library asks of a call: messages come as `data`, `end` ends it, and `write` answers. */
type ReflectionStream = EventEmitter & { write(answer: object): void; end(): void };
type ReflectionHandlers = { ServerReflectionInfo(stream: ReflectionStream): void };

/** The methods by which clients ask for these services' descriptors (grpc.reflection v1 and v1alpha). */
export function reflectionMethods(services: readonly DescService[]): [string, Method][] {
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
  const methods: [string, Method][] = [];
  const collector = {
    addService({ ServerReflectionInfo: definition }: ServiceDefinition, handlers: ReflectionHandlers) {
      if (definition) methods.push([definition.path, streamingMethod(definition, handlers)]);
    },
  };
  new ReflectionService({ described }).addToServer(collector as unknown as Server);
  return methods;
}

function streamingMethod(definition: MethodDefinition<object, object>, handlers: ReflectionHandlers): Method {
  return {
    kind: 'streaming',
    open(call) {
      const events: ReflectionStream = Object.assign(new EventEmitter(), {
        write: (answer: object) => call.write(frameMessage(definition.responseSerialize(answer))),
        end: () => call.end(ENDED_WELL),
      });
      handlers.ServerReflectionInfo(events);
      call.start({
        message: (bytes) => void events.emit('data', definition.requestDeserialize(bytes)),
        halfClosed: () => void events.emit('end'),
        closed: () => events.removeAllListeners(),
      });
    },
  };
}

function collectFiles(file: DescFile, files: Map<string, Buffer>): void {
  if (files.has(file.name)) return;
  files.set(file.name, Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
  for (const dependency of file.dependencies) collectFiles(dependency, files);
}
