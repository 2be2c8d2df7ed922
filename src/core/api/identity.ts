import * as z from 'zod';
import { quote } from './quote.ts';

/** As `spiffeMistake` has it, with `*` for a segment and `**` at the end; a segment does not begin with a dot. */
const PATTERN =
  /^spiffe:\/\/[a-z0-9._-]{1,255}\/(?:(?:[a-zA-Z0-9_-][a-zA-Z0-9._-]*|\*)\/)*(?:[a-zA-Z0-9_-][a-zA-Z0-9._-]*|\*\*?)$/;

/** A SPIFFE ID, or a pattern of several: `*` for one segment of the path, `**` at the end for any rest. */
export function identityPattern() {
  return z.string().regex(PATTERN, {
    error: (issue) =>
      `${quote(issue.input)} is no SPIFFE ID or pattern of some; spiffe://DOMAIN/PATH, where * is one segment and ** at the end any rest`,
  });
}
