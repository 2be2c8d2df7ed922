/** What a person asks the server to do. */
export type Order =
  | { readonly kind: 'promote' | 'pause' | 'resume' | 'abort' | 'retry'; readonly rollout: string }
  | { readonly kind: 'freeze' | 'baseline'; readonly on: boolean };

/** Sends it; the answer is undefined when it is done, else the server's reason why not. */
export async function give(order: Order): Promise<string | undefined> {
  const [path, body] =
    'rollout' in order
      ? [`/api/v1/rollouts/${order.rollout}:${order.kind}`, {}]
      : [`/api/v1/${order.kind}`, { on: order.on }];
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-penstock-actor': 'dashboard' },
      body: JSON.stringify(body),
    });
    return response.ok ? undefined : await reasonOf(response);
  } catch {
    return 'Penstock does not answer; nothing was changed. Try again when the connection is back.';
  }
}

async function reasonOf(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => undefined);
  if (typeof problem === 'object' && problem && 'detail' in problem) return String(problem.detail);
  return `the server answered ${response.status}`;
}
