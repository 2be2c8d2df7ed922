import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { Method, Outcome } from '../../grpc/method.ts';
import { asProblem, Problem } from '../protocol/problem.ts';

/** The path of a method, as calls name it. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** A method with one message and one answer, by its descriptor. */
export function unaryMethod<M extends DescMethod>(
  method: M,
  answer: (
    request: MessageShape<M['input']>,
  ) => MessageInitShape<M['output']> | Promise<MessageInitShape<M['output']>>,
): [string, Method] {
  const call = async (message: Buffer): Promise<Outcome> => {
    try {
      const init = await answer(decodeRequest(method, message));
      return { message: toBinary(method.output, create(method.output as M['output'], init)) };
    } catch (thrown) {
      return { end: asProblem(thrown) };
    }
  };
  return [pathOf(method), { kind: 'unary', call }];
}

/** Decodes the message of a call. Throws INVALID_ARGUMENT. */
export function decodeRequest<M extends DescMethod>(method: M, message: Buffer): MessageShape<M['input']> {
  try {
    return fromBinary(method.input as M['input'], message);
  } catch (error) {
    throw new Problem(
      'INVALID_ARGUMENT',
      `the message is not a ${method.input.name}: ${(error as Error).message}`,
    );
  }
}
