import type { MatchIr, ServiceIr } from '../ir/ir.ts';
import { type CallInit, callWithDeadline, callWithoutDeadline } from './call.ts';

/** One of the routes that a match comes to. */
export interface CallVariant {
  readonly name: string;
  readonly match: MatchIr;
  readonly call: CallInit;
}

const HAS_DEADLINE: MatchIr['headers'][number] = { name: 'grpc-timeout', kind: 'present', value: '' };

/** A gRPC service has two routes for each match: for callers with a deadline, and for those without. */
export function callsOf(
  { routing, protocol }: ServiceIr,
  name: string,
  match: MatchIr,
): readonly CallVariant[] {
  const without = { name, match, call: callWithoutDeadline(routing) };
  if (protocol !== 'grpc') return [without];
  const withDeadline = { ...match, headers: [...match.headers, HAS_DEADLINE] };
  return [{ name: `${name}-deadline`, match: withDeadline, call: callWithDeadline(routing) }, without];
}
