import { randomBytes } from 'node:crypto';
import type { ApiClient } from './api-client.ts';
import { isStatus } from './api-error.ts';

const NAME = 'penstock-peers';
const BYTES = 32;

interface Secret {
  readonly data?: Readonly<Record<string, string>>;
}

/**
 * What only the replicas know, from a Secret of their namespace; made by the first that asks.
 * @throws when it can be neither read nor made
 */
export async function peerSecret(client: ApiClient, namespace: string): Promise<Buffer> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const read = async (): Promise<Buffer> => {
    const { data } = await client.ask<Secret>({ method: 'GET', path: `${path}/${NAME}` });
    const key = Buffer.from(data?.key ?? '', 'base64');
    if (key.length < BYTES)
      throw new Error(`the Secret ${namespace}/${NAME} has no key of ${BYTES} bytes; delete it`);
    return key;
  };
  try {
    return await read();
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
  }
  const data = { key: randomBytes(BYTES).toString('base64') };
  try {
    const body = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: NAME, namespace },
      type: 'Opaque',
      data,
    };
    await client.ask({ method: 'POST', path, body });
  } catch (error) {
    // Another was faster.
    if (!isStatus(error, 409)) throw error;
  }
  return read();
}
