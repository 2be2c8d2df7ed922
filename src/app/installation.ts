import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

/** The folder with package.json: of the sources, or of a build. */
export function projectDirectory(): string {
  let directory = import.meta.dirname;
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory)
      throw new Error(`${import.meta.dirname}: no package.json above it; the installation is damaged`);
    directory = parent;
  }
  return directory;
}

/** How this very Penstock is started as another process: with the same Node, from sources or from the build. */
export function penstockProgram(): readonly [string, ...string[]] {
  return program('penstock');
}

/** How the model server that belongs to this Penstock is started. */
export function modelServerProgram(): readonly [string, ...string[]] {
  return program('model-server');
}

/** This file lies in `src/app`, two folders below the one that holds `cmd/` too. */
function program(name: string): readonly [string, ...string[]] {
  const root = join(import.meta.dirname, '..', '..');
  const main = join(root, 'cmd', name, `main${extname(import.meta.filename)}`);
  return [process.execPath, '--disable-warning=ExperimentalWarning', main];
}
