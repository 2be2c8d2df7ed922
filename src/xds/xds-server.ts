import { ListenFailed, type XdsOptions, type XdsServer } from './contract.ts';
import { DEFAULT_SETTINGS, type XdsSettings } from './settings.ts';
import { serveInWorkers } from './workers/serve-in-workers.ts';
import { startXds } from './xds-process.ts';

/**
 * Serves xDS and load reporting over gRPC until it is closed, in this process or in several.
 *
 * @throws {ListenFailed} the address cannot be listened on
 */
export async function serveXds(options: XdsOptions): Promise<XdsServer> {
  const settings: XdsSettings = { ...DEFAULT_SETTINGS, ...options.settings };
  const { address } = options;
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const listenOn = { host, port: Number(address.slice(colon + 1)) };
  const named = { address: address.slice(0, colon) };
  try {
    if ((options.workers ?? 1) > 1)
      return Object.assign(await serveInWorkers(options, settings, listenOn), named);
    return Object.assign(await startXds(options, settings, listenOn), named, {
      pids: [process.pid],
      workers: () => [],
    });
  } catch (error) {
    throw new ListenFailed(address, error as Error & { code?: string });
  }
}
