import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isInstalled } from './lockfile.ts';

// Brings node_modules to what package-lock.json says. Argument: the path of npm's own entry file.
//
// Not `npm ci`: it refuses a lock file without the packages of platforms that the registry in use does not carry, and it
// removes node_modules from under whoever is at work. `npm install --no-save` keeps to the lock file and leaves it alone;
// that it did so is verified.
const root = dirname(import.meta.dirname);
const npmCli = process.argv[2];
if (npmCli === undefined) throw new Error('usage: install-modules.ts NPM-CLI.JS');

if (!isUpToDate()) {
  const startedAtMs = Date.now();
  say('packages of package-lock.json from npm (about 200 MB)');
  const arguments_ = ['install', '--no-save', '--prefer-offline', '--no-progress', '--loglevel=error'];
  const { status } = spawnSync(process.execPath, [npmCli, ...arguments_], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status === 0 && isUpToDate()) {
    say(`packages are ready after ${Math.round((Date.now() - startedAtMs) / 1000)} s`);
  } else {
    say(
      status === 0
        ? 'npm installed something else than package-lock.json says; is package.json newer? `npm install` updates the lock file'
        : 'npm could not install the packages; see above, and try `make setup` again',
    );
    process.exitCode = 1;
  }
}

function isUpToDate(): boolean {
  return isInstalled(read('package-lock.json'), read('node_modules/.package-lock.json'));
}

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

function say(words: string): void {
  console.error(`penstock setup: ${words}`);
}
