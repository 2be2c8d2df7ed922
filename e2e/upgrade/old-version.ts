import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Taken where there is no tag yet: it writes other formats of gates, and definitions of kinds without newer fields. */
const BEFORE_TAGS = '512e5ee';
const NEEDED = ['package.json', 'src', 'cmd', 'proto', 'buf.yaml', 'buf.gen.yaml', 'manifests/crds'];

/** An earlier Penstock, out of the history of this checkout. */
export interface OldVersion {
  readonly commit: string;
  /** Its `cmd/penstock/main.ts`. */
  readonly main: string;
  /** The folder of its definitions of kinds. */
  readonly crds: string;
  remove(): void;
}

/**
 * Unpacks `$PENSTOCK_UPGRADE_FROM`, else the last tag, else a commit before there were tags. It runs with the packages
 * of this checkout.
 * @returns undefined where the history does not go back that far, as in a shallow clone
 */
export function unpackOldVersion(): OldVersion | undefined {
  const commit = process.env.PENSTOCK_UPGRADE_FROM ?? lastTag() ?? BEFORE_TAGS;
  if (git('cat-file', '-t', `${commit}^{commit}`) === undefined) {
    console.log(
      `upgrade: this checkout has no commit ${commit}; nothing to upgrade from (is it a shallow clone?)`,
    );
    return undefined;
  }
  const folder = mkdtempSync(join(tmpdir(), 'penstock-old-'));
  const archive = execFileSync('git', ['-C', ROOT, 'archive', commit, ...NEEDED], { maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // Messages of the same definitions are the same; others are generated.
  if (git('diff', '--quiet', commit, '--', 'proto', 'buf.gen.yaml') === undefined)
    execFileSync(join(ROOT, 'node_modules/.bin/buf'), ['generate'], { cwd: folder, stdio: 'inherit' });
  else cpSync(join(ROOT, 'src/gen'), join(folder, 'src/gen'), { recursive: true });
  return {
    commit,
    main: join(folder, 'cmd/penstock/main.ts'),
    crds: join(folder, 'manifests/crds'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function lastTag(): string | undefined {
  return git('describe', '--tags', '--abbrev=0') || undefined;
}

/** What git says; undefined where it fails. */
function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', ROOT, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}
