import * as z from 'zod';
import { spiffeMistake } from '../security/spiffe.ts';

/** A SPIFFE ID, or a pattern of several: `*` for one segment of the path, `**` at the end for any rest. */
export function identityPattern() {
  return z
    .string()
    .refine(
      (text) => /^spiffe:\/\/[^/*]+\//.test(text) && spiffeMistake(text.replaceAll('*', 'x')) === undefined,
      'no SPIFFE ID or pattern of some; spiffe://DOMAIN/PATH, where * is one segment and ** at the end any rest',
    );
}
