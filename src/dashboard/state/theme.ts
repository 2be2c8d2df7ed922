import { signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const STORED = 'penstock-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** The theme that is shown: the one chosen here, else the system's. */
export const theme = signal<Theme>(chosen() ?? systemTheme());
dark.addEventListener('change', () => {
  theme.value = chosen() ?? systemTheme();
});

/** Changes to the other theme and remembers it. */
export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = theme.value;
  try {
    localStorage.setItem(STORED, theme.value);
  } catch {
    // Not remembered where storage is forbidden.
  }
}

function chosen(): Theme | undefined {
  const value = document.documentElement.dataset.theme;
  return value === 'dark' || value === 'light' ? value : undefined;
}

function systemTheme(): Theme {
  return dark.matches ? 'dark' : 'light';
}
