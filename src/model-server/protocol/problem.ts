/** The gRPC status names that a call to the model server can end with. */
export type ProblemCode =
  | 'CANCELLED'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'ABORTED'
  | 'UNIMPLEMENTED'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'DATA_LOSS'
  | 'UNAUTHENTICATED'
  | 'UNKNOWN';

/** What went wrong with a call, in words for its caller. Foreign errors are turned into it at the edge. */
export class Problem extends Error {
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Problem';
    this.code = code;
  }
}

/** A `Problem` for anything thrown: itself when it is one, otherwise INTERNAL with its message. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  return new Problem('INTERNAL', thrown instanceof Error ? thrown.message : String(thrown), {
    cause: thrown,
  });
}
