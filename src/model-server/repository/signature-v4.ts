import { createHash, createHmac } from 'node:crypto';

/** Who signs. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A request without a body that is to be signed. */
export interface UnsignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly region: string;
  readonly service: string;
  readonly at: Date;
}

const EMPTY_HASH = hash('');

/**
 * The headers that sign a request by AWS Signature Version 4, which S3-compatible storage takes.
 * Source: AWS General Reference, "Signature Version 4 signing process".
 */
export function signRequest(request: UnsignedRequest, credentials: Credentials): Record<string, string> {
  const { method, url, region, service, at } = request;
  const timestamp = at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${timestamp.slice(0, 8)}/${region}/${service}/aws4_request`;
  const headers: Record<string, string> = {
    host: url.host,
    'x-amz-content-sha256': EMPTY_HASH,
    'x-amz-date': timestamp,
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const canonical = [
    method,
    url.pathname.split('/').map(encodeSegment).join('/'),
    canonicalQuery(url.searchParams),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    EMPTY_HASH,
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', timestamp, scope, hash(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce((secret: string | Buffer, part) => mac(secret, part), `AWS4${credentials.secretAccessKey}`);
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}

function canonicalQuery(parameters: URLSearchParams): string {
  return [...parameters]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

/** The path of a URL is percent-encoded already, but not as strictly as the signature wants it. */
function encodeSegment(segment: string): string {
  return encode(decodeURIComponent(segment));
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function mac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
