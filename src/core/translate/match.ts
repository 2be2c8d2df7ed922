import type { MessageInitShape } from '@bufbuild/protobuf';
import type { HeaderMatcherSchema, RouteMatchSchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import type { MatchIr } from '../ir/ir.ts';
import type { FractionInit } from './route-terms.ts';

/** Matches every request. */
export const ANY: MatchIr = { headers: [], path: undefined, pathPrefix: undefined };

/** The match that holds where both hold; undefined where no request can satisfy both. */
export function both(a: MatchIr, b: MatchIr): MatchIr | undefined {
  const path = agree(a.path, b.path);
  const pathPrefix = longer(a.pathPrefix, b.pathPrefix);
  if (path === null || pathPrefix === null) return undefined;
  if (path !== undefined && pathPrefix !== undefined && !path.startsWith(pathPrefix)) return undefined;
  return {
    headers: [...a.headers, ...b.headers],
    path,
    pathPrefix: path === undefined ? pathPrefix : undefined,
  };
}

/**
 * The matcher of a route.
 *
 * @param taken only this part of what matches; undefined: all
 */
export function routeMatch(match: MatchIr, taken?: FractionInit): MessageInitShape<typeof RouteMatchSchema> {
  return {
    pathSpecifier: pathSpecifier(match),
    headers: match.headers.map(headerMatcher),
    ...(taken === undefined ? {} : { runtimeFraction: taken }),
  };
}

function pathSpecifier({ path, pathPrefix }: MatchIr) {
  return path === undefined
    ? ({ case: 'prefix', value: pathPrefix ?? '/' } as const)
    : ({ case: 'path', value: path } as const);
}

/** The matcher of one header. */
export function headerMatcher(
  header: MatchIr['headers'][number],
): MessageInitShape<typeof HeaderMatcherSchema> {
  if (header.kind === 'present') {
    return { name: header.name, headerMatchSpecifier: { case: 'presentMatch', value: true } };
  }
  return {
    name: header.name,
    headerMatchSpecifier: {
      case: 'stringMatch',
      value: { matchPattern: stringPattern(header.kind, header.value) },
    },
  };
}

function stringPattern(kind: 'exact' | 'prefix' | 'regex', value: string) {
  if (kind === 'regex') return { case: 'safeRegex', value: { regex: value } } as const;
  return { case: kind, value } as const;
}

function agree(a: string | undefined, b: string | undefined): string | undefined | null {
  if (a === undefined || b === undefined) return a ?? b;
  return a === b ? a : null;
}

function longer(a: string | undefined, b: string | undefined): string | undefined | null {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.startsWith(b)) return a;
  return b.startsWith(a) ? b : null;
}
