import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

/** A real OpenID Connect issuer, which gives JWTs to pipelines. */
export interface Issuer {
  readonly url: string;
  /** A token of a pipeline for an audience, with these groups. */
  token(audience: string, groups: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

const CLIENT = { client_id: 'pipeline', client_secret: 'pipeline-secret' };

/** Starts it on a port of the system's choice. */
export async function startIssuer(): Promise<Issuer> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  let groups: readonly string[] = [];
  const provider = new Provider(url, {
    clients: [
      {
        ...CLIENT,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'api',
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    extraTokenClaims: () => ({ groups, email: 'pipeline@mesh.example' }),
    cookies: { keys: ['only for a test'] },
  });
  server.on('request', provider.callback());
  return {
    url,
    token: async (audience, wanted) => {
      groups = wanted;
      const form = { grant_type: 'client_credentials', resource: audience, scope: 'api', ...CLIENT };
      const response = await fetch(`${url}/token`, { method: 'POST', body: new URLSearchParams(form) });
      if (!response.ok) throw new Error(`the issuer answered ${response.status}: ${await response.text()}`);
      return ((await response.json()) as { access_token: string }).access_token;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
