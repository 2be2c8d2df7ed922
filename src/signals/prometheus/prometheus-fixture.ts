import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PrometheusSetup {
  readonly executable: string;
  /** `HOST:PORT` of what is scraped. */
  readonly targets: readonly string[];
  /** `/metrics` unless given. */
  readonly metricsPath?: string;
  /** Others that are scraped, at paths of their own. */
  readonly also?: readonly { readonly targets: readonly string[]; readonly metricsPath: string }[];
  /** Rule files among `files`. */
  readonly rules?: readonly string[];
  readonly scrapeInterval?: string;
  /** Content of a `web.config.file` (TLS, basic auth), and files beside it. */
  readonly web?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  /** Folder with blocks of the past; an empty one of its own unless given. */
  readonly data?: string;
}

/** A real Prometheus on a free port of loopback, for tests. */
export interface PrometheusProcess {
  /** `HOST:PORT` */
  readonly address: string;
  /** Ends it and removes what it wrote. */
  readonly stop: () => Promise<void>;
}

/** @throws when it ends instead of listening; the message has what it said last */
export async function startPrometheus(setup: PrometheusSetup): Promise<PrometheusProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'penstock-prometheus-'));
  for (const [name, content] of Object.entries(setup.files ?? {}))
    await writeFile(join(folder, name), content);
  await writeFile(join(folder, 'prometheus.yml'), configuration(setup));
  if (setup.web !== undefined) await writeFile(join(folder, 'web.yml'), setup.web);
  const child = spawn(
    setup.executable,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${setup.data ?? join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
      ...(setup.web === undefined ? [] : [`--web.config.file=${join(folder, 'web.yml')}`]),
      ...(setup.arguments ?? []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const said: string[] = [];
  let address: string | undefined;
  let ready = false;
  for await (const line of createInterface({ input: child.stderr })) {
    address ??= /msg="Listening on".* address=(\S+)/.exec(line)?.[1];
    ready ||= line.includes('Server is ready to receive web requests');
    if (address !== undefined && ready) {
      // What it says from now on is not read, and must not fill the pipe.
      child.stderr.resume();
      return { address, stop };
    }
    said.push(line);
  }
  await stop();
  throw new Error(`Prometheus does not listen: ${said.slice(-3).join('\n')}`);
}

function configuration({
  targets,
  scrapeInterval = '200ms',
  metricsPath = '/metrics',
  also = [],
  rules = [],
}: PrometheusSetup): string {
  return JSON.stringify({
    global: {
      scrape_interval: scrapeInterval,
      scrape_timeout: scrapeInterval,
      evaluation_interval: scrapeInterval,
    },
    rule_files: rules,
    scrape_configs: [{ targets, metricsPath }, ...also].map((job, index) => ({
      job_name: `whatever-${index}`,
      metrics_path: job.metricsPath,
      static_configs: [{ targets: job.targets }],
    })),
  });
}
