import { isLoopbackAddress } from '../core/security/loopback.ts';
import type { ServeOptions } from './serve-options.ts';

type XdsSecurityOptions = Pick<
  ServeOptions,
  'xdsAddress' | 'xdsWorkers' | 'xdsTlsCert' | 'xdsTlsKey' | 'xdsClientCa' | 'xdsPolicy' | 'xdsAllowPlaintext'
>;

/** Why these options cannot stand together; undefined: they can. */
export function xdsSecurityMistake(options: XdsSecurityOptions): string | undefined {
  const { xdsAddress, xdsTlsCert, xdsTlsKey, xdsClientCa, xdsPolicy, xdsAllowPlaintext, xdsWorkers } =
    options;
  if ((xdsTlsCert === undefined) !== (xdsTlsKey === undefined))
    return 'give --xds-tls-cert and --xds-tls-key together';
  if (xdsClientCa !== undefined && xdsTlsCert === undefined)
    return '--xds-client-ca needs --xds-tls-cert and --xds-tls-key: without TLS no client can prove who it is';
  if (xdsPolicy !== undefined && xdsClientCa === undefined)
    return '--xds-policy needs --xds-client-ca: without it nobody has an identity that a rule could be for';
  if (xdsPolicy !== undefined && xdsWorkers > 1)
    return '--xds-policy needs --xds-workers 1: what a sidecar may ask for is decided in this process';
  if (xdsTlsCert === undefined && !isLoopbackAddress(xdsAddress) && !xdsAllowPlaintext)
    return (
      `--xds-address ${xdsAddress} is not loopback: anybody who reaches it could read and forge. ` +
      'Give --xds-tls-cert, --xds-tls-key and --xds-client-ca, or accept that with --xds-allow-plaintext'
    );
  return undefined;
}

/** What is allowed and yet worth saying at the start. */
export function xdsSecurityWarnings(options: XdsSecurityOptions): readonly string[] {
  const { xdsAddress, xdsTlsCert, xdsClientCa, xdsPolicy } = options;
  if (isLoopbackAddress(xdsAddress)) return [];
  if (xdsTlsCert === undefined)
    return [`xDS is served without TLS on ${xdsAddress}: whoever reaches it can read and forge`];
  if (xdsClientCa === undefined)
    return [`xDS is served on ${xdsAddress} to clients without an identity; give --xds-client-ca`];
  if (xdsPolicy === undefined)
    return ['every identity of --xds-client-ca may be any sidecar; give --xds-policy to say which'];
  return [];
}
