import * as z from 'zod';
import { quote } from './quote.ts';

const labelPattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const hostPattern =
  /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const headerPattern = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** A DNS label (RFC 1123): what Kubernetes takes for a name, and safe inside cluster and metric names. */
export function dnsLabel() {
  const label = z.string().regex(labelPattern, {
    error: (issue) =>
      `${quote(issue.input)} is not a name; at most 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit`,
  });
  return label.meta({ maxLength: 63 });
}

/** A host name as clients dial it, in lower case. Sidecars compare it whole: a wildcard would match nothing. */
export function hostName() {
  const host = z.string().regex(hostPattern, {
    error: (issue) =>
      typeof issue.input === 'string' && issue.input.includes('*')
        ? `${quote(issue.input)} is a wildcard, and sidecars know hosts by their whole names; each host by itself`
        : `${quote(issue.input)} is not a host name; lower-case labels with dots, such as "fraud.default.svc.cluster.local"`,
  });
  return host.meta({ maxLength: 253 });
}

/** A header's name in lower case, as HTTP/2 and gRPC metadata demand (RFC 9113 §8.2). */
export function headerName() {
  return z.string().regex(headerPattern, {
    error: (issue) =>
      `${quote(issue.input)} is not a header's name; lower case without spaces, such as "x-user-id"`,
  });
}

/** The absolute path of a request, such as a gRPC method's `/package.Service/Method`. */
export function requestPath() {
  return z.string().regex(/^\/[^\s?#]*$/, {
    error: (issue) => `${quote(issue.input)} is not a path; it begins with "/" and has no spaces, "?" or "#"`,
  });
}

/** An IPv4 or IPv6 address. Host names are for `dns`, which follows them as they change. */
export function ipAddress() {
  return z.union([z.ipv4(), z.ipv6()], {
    error: (issue) =>
      typeof issue.input === 'string'
        ? `${quote(issue.input)} is not an IP address; an address such as "10.0.0.7", or the source "dns" for a host name`
        : undefined,
  });
}
