import { globSync } from 'node:fs';

const ROOMS = '{cmd,src,e2e,bench,proof,chaos,fuzz,tools}';

/** The TypeScript that people wrote, as paths relative to the root of the project. Generated code is none of it. */
export function sourceFiles(root: string): readonly string[] {
  return globSync(`${ROOMS}/**/*.{ts,tsx}`, { cwd: root, exclude: ['**/node_modules', 'src/gen'] })
    .filter((path) => !path.startsWith('src/gen/') && !path.includes('/node_modules/'))
    .sort();
}

/** The documents, likewise. */
export function documents(root: string): readonly string[] {
  return globSync(['*.md', '{docs,bench,manifests,models}/**/*.md'], {
    cwd: root,
    exclude: ['**/node_modules'],
  }).sort();
}
