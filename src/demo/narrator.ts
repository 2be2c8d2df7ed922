import pc from 'picocolors';

/** Tells the story on the terminal, as it happens. */
export interface Narrator {
  chapter(title: string): void;
  tell(text: string): void;
  passed(text: string): void;
  failed(text: string): void;
}

/** Writes to stderr, with the seconds since the start before each line; colours respect NO_COLOR. */
export function createNarrator(): Narrator {
  const startedAt = performance.now();
  const clock = (): string => pc.dim(((performance.now() - startedAt) / 1000).toFixed(1).padStart(6));
  const say = (text: string): void => void process.stderr.write(`${clock()}  ${text}\n`);
  return {
    chapter: (title) => say(`\n        ${pc.bold(title)}`.trimStart()),
    tell: (text) => say(`  ${text}`),
    passed: (text) => say(`  ${pc.green('✔')} ${text}`),
    failed: (text) => say(`  ${pc.red('✘')} ${text}`),
  };
}
