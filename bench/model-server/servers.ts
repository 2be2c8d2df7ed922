import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot } from '../../src/app/toolchain.ts';

/** What every server is to serve. */
export interface Served {
  readonly model: string;
  /** Shape of one row of the input. */
  readonly rowShape: readonly number[];
  readonly path: string;
}

/** A server that runs. */
export interface RunningServer {
  readonly pid: number;
  readonly address: string;
  /** Whether it has ended by itself. */
  hasEnded(): boolean;
  stop(): Promise<void>;
}

const MAX_BATCH_ROWS = 16;
const MLSERVER_BATCH_SECONDS = 0.05;
const CLASSES = 10;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PEERS = fileURLToPath(new URL('peers', import.meta.url));

type Start = (served: Served, folder: string, grpcPort: number, httpPort: number) => ChildProcess;

/** The servers to compare, by the names they have in the table. */
export const SERVERS: Readonly<Record<string, Start>> = {
  penstock: (served, _folder, grpcPort, httpPort) => ours(served, grpcPort, httpPort, MAX_BATCH_ROWS),
  'penstock, no batching': (served, _folder, grpcPort, httpPort) => ours(served, grpcPort, httpPort, 1),
  triton: startTriton,
  mlserver: startMlserver,
  kserve: startKserve,
};

/** Starts a server in a folder of its own; the ports are free ones. Installs it first where it is not there. */
export async function startServer(name: string, served: Served): Promise<RunningServer> {
  const start = SERVERS[name];
  if (!start) throw new Error(`no such server: ${name}; there are ${Object.keys(SERVERS).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const grpcPort = await freePort();
  const child = start(served, folder, grpcPort, await freePort());
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      words = (words + chunk).slice(-4_000);
    });
  }
  child.once('exit', (code) => {
    if (code) process.stderr.write(`${name} ended with exit code ${code}:\n${words}\n`);
  });
  return {
    pid: child.pid ?? 0,
    address: `127.0.0.1:${grpcPort}`,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
        await ended;
        clearTimeout(timer);
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ours({ model }: Served, grpcPort: number, httpPort: number, rows: number): ChildProcess {
  const flags = ['--model-repository', join(ROOT, 'models'), '--model', model, '--provider', 'cpu'];
  const ports = ['--grpc-port', `${grpcPort}`, '--http-port', `${httpPort}`];
  const main = join(ROOT, 'cmd/model-server/main.ts');
  return spawn(process.execPath, [
    main,
    ...flags,
    ...ports,
    '--max-batch-size',
    `${rows}`,
    '--log-level',
    'warn',
  ]);
}

function startTriton(
  { model, rowShape, path }: Served,
  folder: string,
  grpcPort: number,
  httpPort: number,
): ChildProcess {
  const packages = pythonPackages('triton');
  const server = join(packages, 'pytriton/tritonserver');
  const repository = join(folder, 'models');
  mkdirSync(join(repository, model, '1'), { recursive: true });
  cpSync(join(PEERS, 'triton_model.py'), join(repository, model, '1/model.py'));
  writeFileSync(join(repository, model, 'config.pbtxt'), tritonConfig(model, rowShape));
  // The backend's process has to be built for the Python of the environment.
  const backends = join(folder, 'backends');
  cpSync(join(server, 'backends'), backends, { recursive: true });
  const python =
    packages
      .split('/')
      .find((part) => part.startsWith('python3.'))
      ?.slice('python'.length) ?? '';
  cpSync(join(server, 'python_backend_stubs', python), join(backends, 'python'), { recursive: true });
  const environment = {
    LD_LIBRARY_PATH: join(packages, 'nvidia_pytriton.libs'),
    PYTHONPATH: packages,
    PATH: `${join(packages, '../../../bin')}:${process.env.PATH}`,
  };
  const flags = [
    ...[
      '--model-repository',
      repository,
      '--backend-directory',
      backends,
      '--cache-directory',
      join(server, 'caches'),
    ],
    ...['--grpc-address', '127.0.0.1', '--grpc-port', `${grpcPort}`],
    ...['--http-address', '127.0.0.1', '--http-port', `${httpPort}`, '--allow-metrics', 'false'],
  ];
  return spawn(join(server, 'bin/tritonserver'), flags, {
    env: { ...pythonEnvironment(path), ...environment },
  });
}

function tritonConfig(model: string, rowShape: readonly number[]): string {
  return `name: "${model}"
backend: "python"
max_batch_size: ${MAX_BATCH_ROWS}
input { name: "input" data_type: TYPE_FP32 dims: [${rowShape.join(', ')}] }
output { name: "probabilities" data_type: TYPE_FP32 dims: [${CLASSES}] }
dynamic_batching {}
instance_group { count: 1 kind: KIND_CPU }
`;
}

function startMlserver(
  { model, path }: Served,
  folder: string,
  grpcPort: number,
  httpPort: number,
): ChildProcess {
  const packages = pythonPackages('mlserver');
  const settings = { host: '127.0.0.1', http_port: httpPort, grpc_port: grpcPort, metrics_endpoint: null };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify({ ...settings, parallel_workers: 0 }));
  const batching = { max_batch_size: MAX_BATCH_ROWS, max_batch_time: MLSERVER_BATCH_SECONDS };
  const description = { name: model, implementation: 'mlserver_model.OnnxModel', ...batching };
  writeFileSync(join(folder, 'model-settings.json'), JSON.stringify(description));
  for (const file of ['mlserver_model.py', 'session.py']) cpSync(join(PEERS, file), join(folder, file));
  const env = { ...pythonEnvironment(path), PYTHONPATH: folder };
  return spawn(join(packages, '../../../bin/mlserver'), ['start', folder], { cwd: folder, env });
}

function startKserve(
  { model, path }: Served,
  folder: string,
  grpcPort: number,
  httpPort: number,
): ChildProcess {
  const packages = pythonPackages('kserve');
  const ports = { BENCH_GRPC_PORT: `${grpcPort}`, BENCH_HTTP_PORT: `${httpPort}`, BENCH_NAME: model };
  const env = { ...pythonEnvironment(path), ...ports };
  return spawn(join(packages, '../../../bin/python'), [join(PEERS, 'kserve_server.py')], {
    cwd: folder,
    env,
  });
}

function pythonEnvironment(modelPath: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    BENCH_MODEL: modelPath,
    BENCH_THREADS: `${availableParallelism()}`,
    BENCH_PEERS: PEERS,
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/** The site-packages of a peer's environment, which is made where it is not there. */
function pythonPackages(name: string): string {
  const folder = join(cacheRoot(), 'bench-peers', name);
  execFileSync(join(PEERS, 'install.sh'), [name, folder], { stdio: ['ignore', 'inherit', 'inherit'] });
  const python = readdirSync(join(folder, 'lib')).find((entry) => entry.startsWith('python3.'));
  return join(folder, 'lib', python ?? '', 'site-packages');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
