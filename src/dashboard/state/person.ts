import { signal } from '@preact/signals';
import { mayActAs, type Role } from '../../core/security/roles.ts';

/** Whom the server takes us for; `stranger` where it wants to know first, undefined until it said. */
export const person = signal<
  { readonly name: string; readonly role: Role; readonly authenticated: boolean } | 'stranger' | undefined
>(undefined);

/** Whether the server would let us do what needs this role; until it said who we are, nothing. */
export function mayAct(needed: Role): boolean {
  const known = person.value;
  return known !== undefined && known !== 'stranger' && mayActAs(known.role, needed);
}

/** Asks the server who we are. @returns whether it lets us read */
export async function recognise(): Promise<boolean> {
  const response = await fetch('/api/v1/me').catch(() => undefined);
  if (response?.status === 401 || response?.status === 429) {
    person.value = 'stranger';
    return false;
  }
  if (response?.ok) person.value = await response.json();
  return true;
}

/** Trades a token for a session; the answer is undefined when it is done, else the server's reason why not. */
export async function login(token: string): Promise<string | undefined> {
  try {
    const response = await fetch('/api/v1/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    const answer: unknown = await response.json();
    if (response.ok) {
      person.value = answer as Exclude<typeof person.value, 'stranger' | undefined>;
      return undefined;
    }
    if (typeof answer === 'object' && answer && 'detail' in answer) return String(answer.detail);
    return `the server answered ${response.status}`;
  } catch {
    return 'Penstock does not answer. Try again when the connection is back.';
  }
}

/** Ends the session and forgets what was shown. */
export async function logout(): Promise<void> {
  await fetch('/api/v1/logout', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  location.reload();
}
