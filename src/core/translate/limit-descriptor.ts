import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  HeaderMatcherSchema,
  RateLimit_ActionSchema,
  RateLimitSchema,
} from '../../gen/envoy/config/route/v3/route_pb.js';
import type { RateLimitDescriptor_EntrySchema } from '../../gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js';
import type { LimitIr, LimitKeyIr, MatchIr } from '../ir/ir.ts';
import { headerMatcher } from './match.ts';

type ActionInit = MessageInitShape<typeof RateLimit_ActionSchema>;
type EntryInit = MessageInitShape<typeof RateLimitDescriptor_EntrySchema>;
type HeaderInit = MessageInitShape<typeof HeaderMatcherSchema>;
type CountedKey = Exclude<LimitKeyIr, { kind: 'version' }>;

const LIMIT_KEY = 'limit';
const MATCH_KEY = 'match';
const MATCH_VALUE = 'yes';

/** The key of a limit's buckets; an empty value stands for "each value by itself". */
export function entriesOf(limit: LimitIr): readonly EntryInit[] {
  return [
    { key: LIMIT_KEY, value: limit.name },
    ...limit.matches.map(() => ({ key: MATCH_KEY, value: MATCH_VALUE })),
    ...countedKeys(limit).map((key) => ({ key: keyName(key), value: '' })),
  ];
}

/**
 * What makes that key of a request. Each of the limit's matches is tried by itself, and the later ones only where
 * the earlier ones fail: a request that satisfies two must take one token.
 *
 * @param uncounted paths (an RE2 expression) that no limit counts: health checks
 */
export function rateLimitsOf(
  limit: LimitIr,
  uncounted: string,
): readonly MessageInitShape<typeof RateLimitSchema>[] {
  const counted = headerValueMatch(LIMIT_KEY, limit.name, false, [pathMatcher(uncounted)]);
  const keys = countedKeys(limit).map(keyAction);
  if (limit.matches.length === 0) return [{ actions: [counted, ...keys] }];
  return limit.matches.map((_, first) => ({
    actions: [counted, ...firstMatch(limit.matches, first), ...keys],
  }));
}

/** Actions that hold where the match at `first` is the first to hold; as many entries whichever it is. */
function firstMatch(matches: readonly MatchIr[], first: number): readonly ActionInit[] {
  return matches.map((match, index) =>
    index > first
      ? genericKey(MATCH_KEY, MATCH_VALUE)
      : headerValueMatch(MATCH_KEY, MATCH_VALUE, index === first, matchHeaders(match)),
  );
}

/** All parts of a match as conditions on headers. */
function matchHeaders({ path, pathPrefix, headers }: MatchIr): readonly HeaderInit[] {
  const own = headers.map(headerMatcher);
  if (path !== undefined) return [pathMatcher(`${escapeRegex(path)}(\\?.*)?`), ...own];
  if (pathPrefix !== undefined) return [pathMatcher(`${escapeRegex(pathPrefix)}.*`), ...own];
  return own;
}

function pathMatcher(regex: string): HeaderInit {
  return headerMatcher({ name: ':path', kind: 'regex', value: regex });
}

/** Text as an RE2 expression that matches just this text. */
export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** A version needs no part of its own: the sidecar in front of it counts no other. */
function countedKeys({ per }: LimitIr): readonly CountedKey[] {
  return per.filter((key) => key.kind !== 'version');
}

function keyAction(key: CountedKey): ActionInit {
  switch (key.kind) {
    case 'sourceIp':
      return { actionSpecifier: { case: 'remoteAddress', value: {} } };
    case 'header':
      return requestHeader(key.name, keyName(key));
    case 'method':
      return requestHeader(':path', keyName(key));
  }
}

function keyName(key: CountedKey): string {
  switch (key.kind) {
    case 'sourceIp':
      // Envoy's own name for what the action makes.
      return 'remote_address';
    case 'header':
      return `header/${key.name}`;
    case 'method':
      return 'method';
  }
}

function requestHeader(headerName: string, descriptorKey: string): ActionInit {
  return { actionSpecifier: { case: 'requestHeaders', value: { headerName, descriptorKey } } };
}

function genericKey(descriptorKey: string, descriptorValue: string): ActionInit {
  return { actionSpecifier: { case: 'genericKey', value: { descriptorKey, descriptorValue } } };
}

function headerValueMatch(
  descriptorKey: string,
  descriptorValue: string,
  expectMatch: boolean,
  headers: readonly HeaderInit[],
): ActionInit {
  return {
    actionSpecifier: {
      case: 'headerValueMatch',
      value: { descriptorKey, descriptorValue, expectMatch, headers: [...headers] },
    },
  };
}
