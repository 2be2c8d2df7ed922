import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { waitUntil } from '../../src/demo/wait-until.ts';
import type { ApiServer } from './api-server.ts';
import type { Manifest } from './installation.ts';

const PINS = join(import.meta.dirname, '../istio/istiod');

/** Files with the definitions, by the Go module that brings them. */
const DEFINITIONS = {
  'istio.io/api': ['kubernetes/customresourcedefinitions.gen.yaml'],
  'sigs.k8s.io/gateway-api': [
    'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
    'config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml',
  ],
} as const;

const KINDS: readonly string[] = [
  ...['envoyfilters', 'destinationrules', 'virtualservices'].map((kind) => `${kind}.networking.istio.io`),
  ...['httproutes', 'grpcroutes'].map((kind) => `${kind}.gateway.networking.k8s.io`),
];

/** Istio's API of the oldest release that anchors are for; what came later only adds to these kinds. */
export const OLDEST_API = 'v1.28.0';

/**
 * Has the API server serve Istio's kinds and the Gateway API's routes.
 * @param istioApi a version of Istio's API; the one that e2e/istio pins unless given, as of all others
 */
export async function installIstioKinds(server: ApiServer, istioApi?: string): Promise<void> {
  for (const [module, files] of Object.entries(DEFINITIONS)) {
    const folder = moduleFolder(module, module === 'istio.io/api' ? istioApi : undefined);
    for (const file of files) {
      const wanted = parseAllDocuments(readFileSync(join(folder, file), 'utf8'))
        .map((document) => document.toJS() as Manifest | null)
        .filter((object) => object !== null && KINDS.includes(object.metadata.name));
      const stdin = wanted.map((object) => JSON.stringify(object)).join('\n---\n');
      // What kubectl would note of them is more than an annotation may hold.
      const { code, stderr } = await server.kubectl(['apply', '--server-side', '-f', '-'], { stdin });
      if (code !== 0) throw new Error(`${module}: ${stderr}`);
    }
  }
  await waitUntil("Istio's kinds are served", async () => {
    const path = '{.items[*].status.conditions[?(@.type=="Established")].status}';
    const { stdout } = await server.kubectl(['get', 'crds', ...KINDS, '-o', `jsonpath=${path}`]);
    return stdout === 'True True True True True';
  });
}

/** Where Go keeps the module; it is downloaded where it is not there yet. */
function moduleFolder(module: string, wanted?: string): string {
  const pinned = readFileSync(join(PINS, 'go.mod'), 'utf8');
  const version = wanted ?? new RegExp(`${module} (v\\S+)`).exec(pinned)?.[1];
  if (version === undefined) throw new Error(`e2e/istio/istiod/go.mod pins no ${module}`);
  const answer = execFileSync('go', ['mod', 'download', '-json', `${module}@${version}`], {
    cwd: PINS,
    encoding: 'utf8',
  });
  return (JSON.parse(answer) as { readonly Dir: string }).Dir;
}
