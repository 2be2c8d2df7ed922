import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TYPE_URL } from '../../src/core/delta/type-urls.ts';
import { serveXds } from '../../src/xds/xds-server.ts';
import { CANARY, canaryEndpoints, canaryRoute, syntheticServices } from './synthetic-services.ts';

/** One view for every node: equal sidecars. */
const VIEW = 'sidecars';

/** What is really in use, MB: after everything that is not was collected. */
function liveMemory(): { readonly heapMB: number; readonly outsideMB: number } {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return { heapMB: heapUsed / 2 ** 20, outsideMB: external / 2 ** 20 };
}

/** Serves synthetic services until it is told to end, and changes one of them when asked over HTTP. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      services: { type: 'string', default: '100' },
      endpoints: { type: 'string', default: '10' },
      // Taken as the peers take it; equal nodes share everything here, however many there are.
      nodes: { type: 'string', default: '100' },
      workers: { type: 'string', default: '1' },
      'xds-address': { type: 'string', default: '127.0.0.1:23800' },
      'admin-address': { type: 'string', default: '127.0.0.1:23801' },
    },
  });
  const size = { services: Number(values.services), endpoints: Number(values.endpoints) };
  const workers = Number(values.workers);
  const address = values['xds-address'];
  const serving = await serveXds({ address, workers, nodes: { viewOf: () => VIEW } });

  const resources = syntheticServices(size);
  const names = (typeUrl: string): string[] =>
    resources.filter((r) => r.typeUrl === typeUrl).map((r) => r.name);
  serving.publish({
    upsert: resources,
    views: [[VIEW, { [TYPE_URL.cds]: names(TYPE_URL.cds), [TYPE_URL.lds]: names(TYPE_URL.lds) }]],
  });

  const admin = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://admin');
    const weight = Number(url.searchParams.get('weight'));
    if (request.method === 'POST' && url.pathname === '/bump' && Number.isInteger(weight) && weight > 0) {
      const isEndpoint = url.searchParams.get('of') === 'endpoint';
      serving.publish({
        upsert: [isEndpoint ? canaryEndpoints(size, weight) : canaryRoute(size.services, weight)],
      });
      response.end('ok\n');
    } else if (url.pathname === '/memory') {
      response.end(JSON.stringify(liveMemory()));
    } else {
      response.statusCode = 404;
      response.end(
        `POST /bump?weight=W sets the first weight of ${CANARY}; &of=endpoint that of its endpoints\n`,
      );
    }
  });
  const [host, port] = values['admin-address'].split(':');
  admin.listen(Number(port), host, () => console.log(`ready ${serving.pids.join(',')}`));

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      admin.close();
      admin.closeAllConnections();
      void serving.close();
    });
  }
}

await main();
