/** Where a sidecar's spans go, and of how many of its calls there is one. */
export interface SpanExport {
  readonly otlp: { readonly host: string; readonly port: number };
  /** Percent of the calls that do not say so themselves. */
  readonly traced: number;
}

/** One call of a hundred: enough to look into, too few to feel. */
export const DEFAULT_TRACED = 1;

/** `http://HOST:PORT` of a collector, whose path is that of OTLP over HTTP; undefined: it is none. */
export function parseOtlpEndpoint(text: string): SpanExport['otlp'] | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.pathname !== '/' || url.search !== '') return undefined;
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: url.port === '' ? 80 : Number(url.port) };
}

/** A percentage above 0, at most 100; undefined: it is none. */
export function parseTraced(text: string): number | undefined {
  const percent = text === '' ? Number.NaN : Number(text);
  return percent > 0 && percent <= 100 ? percent : undefined;
}
