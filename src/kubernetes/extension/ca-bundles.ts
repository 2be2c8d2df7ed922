import type { ApiClient } from '../api-client.ts';
import { isStatus } from '../api-error.ts';

const FIELD_MANAGER = 'penstock-certificates';

interface WebhookConfiguration {
  readonly webhooks?: readonly {
    readonly name: string;
    readonly clientConfig: { readonly caBundle?: string };
  }[];
}

interface ApiService {
  readonly spec: { readonly caBundle?: string };
}

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const METRICS = '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.external.metrics.k8s.io';

/**
 * Tells the API server whom to trust when it calls us: the authorities' certificates in the webhook configurations and
 * in the APIService, where those are installed. What is right already is not written.
 * @param name of both webhook configurations
 * @param bundle PEM
 */
export async function publishBundle(client: ApiClient, name: string, bundle: string): Promise<void> {
  const caBundle = Buffer.from(bundle).toString('base64');
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'] as const) {
    const path = `${ADMISSION}/${kind.toLowerCase()}s/${name}`;
    const found = await find<WebhookConfiguration>(client, path);
    const webhooks = found?.webhooks ?? [];
    if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) continue;
    await apply(client, path, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind,
      metadata: { name },
      webhooks: webhooks.map((each) => ({ name: each.name, clientConfig: { caBundle } })),
    });
  }
  const service = await find<ApiService>(client, METRICS);
  if (service === undefined || service.spec.caBundle === caBundle) return;
  await apply(client, METRICS, {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.external.metrics.k8s.io' },
    spec: { caBundle },
  });
}

/** Undefined where it is not installed. */
async function find<T>(client: ApiClient, path: string): Promise<T | undefined> {
  try {
    return await client.ask<T>({ method: 'GET', path });
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Server-side apply: we own the bundles, and nothing else of these objects. */
function apply(client: ApiClient, path: string, body: object): Promise<unknown> {
  const query = { fieldManager: FIELD_MANAGER, force: 'true' };
  return client.ask({ method: 'PATCH', path, patch: 'apply', query, body });
}
