import type { DiscoveryRequest } from './request.ts';
import { RequestRefused } from './sink.ts';
import type { StreamState } from './stream.ts';
import { isServed, TYPE_URL, type TypeUrl } from './type-urls.ts';

const SERVED = Object.keys(TYPE_URL).join(', ').toUpperCase();

/** The type that a request is about. @throws {RequestRefused} it names none, or one that is not served here */
export function typeOf(stream: StreamState, { typeUrl }: DiscoveryRequest): TypeUrl {
  if (stream.typeUrl !== undefined && (typeUrl === '' || typeUrl === stream.typeUrl)) return stream.typeUrl;
  if (stream.typeUrl !== undefined) {
    throw new RequestRefused('INVALID_ARGUMENT', `type_url ${typeUrl} on a stream of ${stream.typeUrl}`);
  }
  if (typeUrl === '')
    throw new RequestRefused('INVALID_ARGUMENT', 'type_url is needed on an aggregated stream');
  if (isServed(typeUrl)) return typeUrl;
  throw new RequestRefused('INVALID_ARGUMENT', `type_url ${typeUrl} is not served; served are ${SERVED}`);
}
