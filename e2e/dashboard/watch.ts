import type { Page } from 'playwright-core';

/** What a page showed, in its order; the same twice in a row counts once. */
export interface Seen {
  readonly phases: readonly string[];
  readonly steps: readonly string[];
  readonly connection: readonly string[];
}

/** Notes from within the page, so that nothing that was shown for a moment only is missed. */
export async function watch(page: Page): Promise<() => Promise<Seen>> {
  await page.addInitScript(`(() => {
    const seen = { phases: [], steps: [], connection: [] };
    window.penstockSeen = seen;
    const note = (list, value) => { if (value && list.at(-1) !== value) list.push(value); };
    new MutationObserver(() => {
      note(seen.phases, document.querySelector('.standing .chip')?.textContent);
      note(seen.steps, document.querySelector('.step[aria-current=step] b')?.textContent);
      note(seen.connection, document.querySelector('[data-state]')?.dataset.state);
    }).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
  })()`);
  return () => page.evaluate<Seen>('window.penstockSeen');
}
