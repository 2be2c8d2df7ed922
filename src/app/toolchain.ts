import { execFileSync } from 'node:child_process';
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

/** The foreign programs that the demo, the benchmarks and the end-to-end tests drive. */
export type ToolName = 'envoy' | 'prometheus' | 'promtool' | 'jaeger' | 'chromium' | 'zsh' | 'fish';

/** An executable that was found, and its version (`1.40.0`). */
export interface Tool {
  readonly path: string;
  readonly version: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface ToolFacts {
  /** Folder in the cache is `<bundle>-<version>/bin/<executable>`. */
  readonly bundle: string;
  /** Names to look for on PATH and in the bundle. */
  readonly executables: readonly string[];
  /** Environment variable that names the executable, and so goes before everything else. */
  readonly variable: string;
  readonly minimum: string;
  readonly remedy: string;
}

const FACTS: Readonly<Record<ToolName, ToolFacts>> = {
  envoy: {
    bundle: 'envoy',
    executables: ['envoy'],
    variable: 'PENSTOCK_ENVOY',
    minimum: '1.36',
    remedy: 'run `make setup`, or set PENSTOCK_ENVOY=/path/to/envoy (1.36 or newer)',
  },
  prometheus: {
    bundle: 'prometheus',
    executables: ['prometheus'],
    variable: 'PENSTOCK_PROMETHEUS',
    minimum: '2.31',
    remedy: 'run `make setup`, or set PENSTOCK_PROMETHEUS=/path/to/prometheus (2.31 or newer)',
  },
  promtool: {
    bundle: 'prometheus',
    executables: ['promtool'],
    variable: 'PENSTOCK_PROMTOOL',
    minimum: '2.31',
    remedy: 'run `make setup`, or set PENSTOCK_PROMTOOL=/path/to/promtool (2.31 or newer)',
  },
  jaeger: {
    bundle: 'jaeger',
    executables: ['jaeger', 'jaeger-all-in-one'],
    variable: 'PENSTOCK_JAEGER',
    minimum: '1.50',
    remedy: 'run `tools/setup.sh jaeger`, or set PENSTOCK_JAEGER=/path/to/jaeger-all-in-one',
  },
  zsh: {
    bundle: 'shells',
    executables: ['zsh'],
    variable: 'PENSTOCK_ZSH',
    minimum: '5.0',
    remedy: 'run `tools/setup.sh shells`, or set PENSTOCK_ZSH=/path/to/zsh',
  },
  fish: {
    bundle: 'shells',
    executables: ['fish'],
    variable: 'PENSTOCK_FISH',
    minimum: '3.1',
    remedy: 'run `tools/setup.sh shells`, or set PENSTOCK_FISH=/path/to/fish',
  },
  chromium: {
    bundle: 'chromium',
    executables: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    variable: 'PENSTOCK_CHROMIUM',
    minimum: '100',
    remedy: 'install the package `chromium`, or set PENSTOCK_CHROMIUM=/path/to/chromium (100 or newer)',
  },
};

/** No acceptable executable was found; the message says where it was looked for and what would help. */
export class ToolMissing extends Error {
  override readonly name = 'ToolMissing';
  readonly tool: ToolName;

  constructor(tool: ToolName, problem: string) {
    super(`${tool}: ${problem}; ${FACTS[tool].remedy}`);
    this.tool = tool;
  }
}

/** The folder outside the checkout where tools are kept: `$PENSTOCK_CACHE`, else the user's cache folder. */
export function cacheRoot(env: Environment = process.env): string {
  if (env.PENSTOCK_CACHE) return resolve(env.PENSTOCK_CACHE);
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'penstock');
  return join(env.HOME || homedir(), '.cache', 'penstock');
}

/**
 * Finds a tool: the executable that its variable names (`PENSTOCK_ENVOY`…), else the newest in the cache,
 * else the one on PATH. Nothing is downloaded; `make setup` does that.
 *
 * @throws {ToolMissing} none is there, or the one that the variable names cannot run or is too old.
 */
export function findTool(name: ToolName, env: Environment = process.env): Tool {
  const named = env[FACTS[name].variable] || besidePrometheus(name, env);
  if (named) return acceptNamed(name, resolve(named));
  const found = findInCache(name, env) ?? findOnPath(name, env);
  if (found) return found;
  throw new ToolMissing(name, `not found in ${cacheRoot(env)} nor on PATH`);
}

/** Numeric order of dotted versions: negative where `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whoever names a Prometheus has its promtool beside it. */
function besidePrometheus(name: ToolName, env: Environment): string | undefined {
  if (name !== 'promtool' || !env.PENSTOCK_PROMETHEUS) return undefined;
  const beside = join(dirname(resolve(env.PENSTOCK_PROMETHEUS)), 'promtool');
  return isExecutable(beside) ? beside : undefined;
}

function acceptNamed(name: ToolName, path: string): Tool {
  const { variable, minimum } = FACTS[name];
  if (!isExecutable(path)) throw new ToolMissing(name, `${variable}: ${path} is no executable file`);
  const version = askVersion(path);
  if (version === undefined) throw new ToolMissing(name, `${variable}: ${path} --version names no version`);
  if (compareVersions(version, minimum) < 0)
    throw new ToolMissing(name, `${variable}: ${path} is ${version}, older than ${minimum}`);
  return { path, version };
}

function findInCache(name: ToolName, env: Environment): Tool | undefined {
  const { bundle, executables, minimum } = FACTS[name];
  const root = cacheRoot(env);
  const versions = listFolder(root)
    .filter((folder) => folder.startsWith(`${bundle}-`))
    .map((folder) => folder.slice(bundle.length + 1))
    .filter((version) => /^\d+(\.\d+)*$/.test(version) && compareVersions(version, minimum) >= 0)
    .sort((a, b) => compareVersions(b, a));
  for (const version of versions) {
    for (const executable of executables) {
      const path = join(root, `${bundle}-${version}`, 'bin', executable);
      if (isExecutable(path)) return { path, version };
    }
  }
  return undefined;
}

function findOnPath(name: ToolName, env: Environment): Tool | undefined {
  const { executables, minimum } = FACTS[name];
  for (const executable of executables) {
    for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
      const path = join(folder, executable);
      if (!isExecutable(path)) continue;
      const version = askVersion(path);
      if (version !== undefined && compareVersions(version, minimum) >= 0) return { path, version };
    }
  }
  return undefined;
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The first dotted number that `--version` prints: Envoy's has a commit hash before it. */
function askVersion(path: string): string | undefined {
  try {
    const said = execFileSync(path, ['--version'], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /(?<![\w.])\d+\.\d+(?:\.\d+)*/.exec(said)?.[0];
  } catch {
    return undefined;
  }
}
