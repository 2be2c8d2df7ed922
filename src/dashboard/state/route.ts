import { signal } from '@preact/signals';

/** What the page shows; behind the `#` of its address, so that every view has a link. */
export type Route =
  | { readonly page: 'mesh' }
  | { readonly page: 'service'; readonly key: string }
  | { readonly page: 'rollouts' }
  | { readonly page: 'rollout'; readonly key: string }
  | { readonly page: 'decisions'; readonly search: string }
  | { readonly page: 'sidecars' };

/** `#/rollouts/default/fraud-v2` → the rollout's page; what is not known shows the mesh. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page, ...rest] = path.split('/').map(decodeURIComponent);
  const key = rest.join('/');
  if (page === 'services' && rest.length === 2) return { page: 'service', key };
  if (page === 'rollouts') return rest.length === 2 ? { page: 'rollout', key } : { page: 'rollouts' };
  if (page === 'decisions') return { page: 'decisions', search: new URLSearchParams(search).get('q') ?? '' };
  if (page === 'sidecars') return { page: 'sidecars' };
  return { page: 'mesh' };
}

export const route = signal<Route>({ page: 'mesh' });

/** Follows the address, from now on. */
export function followAddress(): void {
  const read = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}
