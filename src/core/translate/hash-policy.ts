import type { MessageInitShape } from '@bufbuild/protobuf';
import type { RouteAction_HashPolicySchema } from '../../gen/envoy/config/route/v3/route_pb.js';
import type { HashKeyIr } from '../ir/ir.ts';

/**
 * What a request is hashed by: the first of the keys that it has. The salt goes before a header's value, so that
 * each rollout orders users anew; an address is hashed as it is, Envoy has no rewriting for it.
 */
export function hashPolicies(
  keys: readonly HashKeyIr[],
  salt: string,
): MessageInitShape<typeof RouteAction_HashPolicySchema>[] {
  return keys.map((key) => ({ ...hashPolicy(key, salt), terminal: true }));
}

function hashPolicy(key: HashKeyIr, salt: string): MessageInitShape<typeof RouteAction_HashPolicySchema> {
  if (key.kind === 'sourceIp') {
    return { policySpecifier: { case: 'connectionProperties', value: { sourceIp: true } } };
  }
  if (salt === '') return { policySpecifier: { case: 'header', value: { headerName: key.name } } };
  return {
    policySpecifier: {
      case: 'header',
      value: {
        headerName: key.name,
        regexRewrite: {
          pattern: { regex: '^(.*)$' },
          substitution: `${salt.replaceAll('\\', '\\\\')}/\\1`,
        },
      },
    },
  };
}
