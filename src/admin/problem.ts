/** Statuses that this API answers mistakes with, and their titles. */
const TITLES = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Body too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Not possible',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Not ready',
} as const;

export type ProblemStatus = keyof typeof TITLES;

/** An answer to a mistake (RFC 9457): one clear sentence in `detail`. */
export function problem(
  status: ProblemStatus,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const body = { type: 'about:blank', title: TITLES[status], status, detail };
  return new Response(`${JSON.stringify(body)}\n`, {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
  });
}
