import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type AccessLogFilterSchema,
  ComparisonFilter_Op,
} from '../../gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type {
  LocalReplyConfigSchema,
  ResponseMapperSchema,
} from '../../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { setHeader } from './value.ts';

const DEADLINE_EXCEEDED = '4';
const TOO_MANY_REQUESTS = 429;

/**
 * What a caller's sidecar says when it answers itself. `grpc-status` is kept where it is set here; else Envoy
 * derives it from the HTTP status (404: UNIMPLEMENTED, 503: UNAVAILABLE).
 */
export const outboundReplies: MessageInitShape<typeof LocalReplyConfigSchema> = {
  mappers: [
    {
      // The router's timeout is 504, which Envoy would tell gRPC callers as UNAVAILABLE.
      filter: { filterSpecifier: { case: 'andFilter', value: { filters: [flagged('UT'), fromGrpc()] } } },
      headersToAdd: [setHeader('grpc-status', DEADLINE_EXCEEDED)],
      ...message('no answer within the time that the service allows'),
    },
    {
      filter: flagged('NR'),
      ...message('no service %REQ(:AUTHORITY)% is known to this sidecar'),
    },
  ],
};

/** What the sidecar in front of a model server says when it refuses: the limit's filter flags that too late. */
export const inboundReplies: MessageInitShape<typeof LocalReplyConfigSchema> = {
  mappers: [
    {
      filter: status(TOO_MANY_REQUESTS),
      ...message('limit reached; a request is allowed again in %RESP(RETRY-AFTER)% s'),
    },
  ],
};

function status(code: number): MessageInitShape<typeof AccessLogFilterSchema> {
  const value = { defaultValue: code, runtimeKey: `penstock.reply.status_${code}` };
  return {
    filterSpecifier: {
      case: 'statusCodeFilter',
      value: { comparison: { op: ComparisonFilter_Op.EQ, value } },
    },
  };
}

function flagged(flag: string): MessageInitShape<typeof AccessLogFilterSchema> {
  return { filterSpecifier: { case: 'responseFlagFilter', value: { flags: [flag] } } };
}

function fromGrpc(): MessageInitShape<typeof AccessLogFilterSchema> {
  return {
    filterSpecifier: {
      case: 'headerFilter',
      value: {
        header: {
          name: 'content-type',
          headerMatchSpecifier: {
            case: 'stringMatch',
            value: { matchPattern: { case: 'prefix', value: 'application/grpc' } },
          },
        },
      },
    },
  };
}

function message(
  text: string,
): Pick<MessageInitShape<typeof ResponseMapperSchema> & object, 'bodyFormatOverride'> {
  return {
    bodyFormatOverride: {
      format: { case: 'textFormatSource', value: { specifier: { case: 'inlineString', value: text } } },
    },
  };
}
