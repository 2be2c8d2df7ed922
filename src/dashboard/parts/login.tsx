import { useState } from 'preact/hooks';
import { login } from '../state/person.ts';

/** Asks for a token, where the server wants to know who looks. */
export function Login({ onDone }: { readonly onDone: () => void }) {
  const [state, setState] = useState<{ readonly busy: boolean; readonly refusal?: string }>({ busy: false });
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    setState({ busy: true });
    const refusal = await login(String(new FormData(form).get('token') ?? '').trim());
    if (refusal === undefined) onDone();
    else setState({ busy: false, refusal });
  };
  return (
    <form class="login" onSubmit={submit}>
      <h1 tabIndex={-1}>Log in</h1>
      <label for="token">Your token</label>
      <input id="token" name="token" type="password" autocomplete="off" required />
      <p class="hint">
        From <code>penstock token create</code>, or the ID token of your organisation.
      </p>
      {state.refusal && (
        <p class="refusal" role="alert">
          {state.refusal}
        </p>
      )}
      <button type="submit" class="primary" disabled={state.busy}>
        Log in
      </button>
    </form>
  );
}
