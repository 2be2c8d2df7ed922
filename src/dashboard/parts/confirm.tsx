import { signal } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { give, type Order } from '../state/commands.ts';

/** A question before something is done. */
export interface Question {
  readonly title: string;
  readonly consequence: string;
  /** On the button: what it does. */
  readonly verb: string;
  readonly tone: 'plain' | 'danger';
  readonly order: Order;
}

const question = signal<Question | undefined>(undefined);

/** Asks; the order is given only when the person confirms. */
export function confirm(asked: Question): void {
  question.value = asked;
}

/** The dialog; one for the whole page. */
export function ConfirmDialog() {
  const asked = question.value;
  return asked && <OpenDialog key={asked.title} asked={asked} />;
}

function OpenDialog({ asked }: { readonly asked: Question }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [state, setState] = useState<{ readonly busy: boolean; readonly refusal?: string }>({ busy: false });
  // Before the next key is handled: a fast typist must not reach what is behind the dialog.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const close = () => {
    question.value = undefined;
  };
  const proceed = async () => {
    setState({ busy: true });
    const refusal = await give(asked.order);
    if (refusal === undefined) dialog.current?.close();
    else setState({ busy: false, refusal });
  };
  return (
    <dialog
      ref={dialog}
      class="confirm"
      aria-labelledby="confirm-title"
      aria-describedby="confirm-text"
      onClose={close}
    >
      <h2 id="confirm-title">{asked.title}</h2>
      <p id="confirm-text">{asked.consequence}</p>
      {state.refusal && (
        <p class="refusal" role="alert">
          {state.refusal}
        </p>
      )}
      <div class="confirm-buttons">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class={asked.tone === 'danger' ? 'danger' : 'primary'}
          disabled={state.busy}
          onClick={proceed}
        >
          {asked.verb}
        </button>
      </div>
    </dialog>
  );
}
