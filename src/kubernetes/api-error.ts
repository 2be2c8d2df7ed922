/** The API server said no. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status: 404, 409, 410, 422, 429, … */
  readonly status: number;
  /** As the server wishes it, ms; undefined: it said nothing. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether an error is an answer of this HTTP status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}

/** One line for people. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ECONNREFUSED') return 'connection refused';
  return error.message === '' ? code || error.name : error.message;
}
