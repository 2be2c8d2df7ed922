import { setTimeout as sleep } from 'node:timers/promises';
import { Argument, Command } from 'commander';
import pc from 'picocolors';
import type { ControllerStatus } from '../core/status/status.ts';
import { type AdminClient, AdminError } from './admin-client.ts';
import { type DataFormat, formatData, outputOption } from './output.ts';
import { type Reach, withControlPlane } from './reach.ts';
import { type Kind, type KindRows, kindTable, statusLines } from './state-tables.ts';

const KINDS: readonly Kind[] = ['services', 'rollouts', 'breakers', 'limits', 'sidecars'];
const WATCH_EVERY_MS = 1000;

type Format = 'table' | DataFormat;

interface GetOptions {
  readonly output: Format;
  readonly watch?: true;
}

/** What was asked for, as the control plane told it. */
interface State {
  /** Undefined where one kind was asked for. */
  readonly status: ControllerStatus | undefined;
  readonly rows: Partial<KindRows>;
}

/** `penstock get [KIND] [-o table|json|yaml] [--watch]`: the state, once or live. */
export function getCommand(reach: Reach): Command {
  const command = new Command('get')
    .description('show services, rollouts, breakers, limits and sidecars')
    .addArgument(new Argument('[kind]', 'what to show; everything when left out').choices(KINDS))
    .addOption(outputOption('table'))
    .option('-w, --watch', 'print again whenever something changes, until interrupted');
  return reach.addOptions(command).action((kind: Kind | undefined, options: GetOptions) =>
    withControlPlane(reach, { ...options }, async ({ client }) => {
      if (options.watch) await watch(client, kind, options.output);
      else process.stdout.write(render(await fetchState(client, kind), options.output, Date.now()));
    }),
  );
}

/** Prints each state that differs in more than its age. A control plane that restarts is waited for. */
async function watch(client: AdminClient, kind: Kind | undefined, format: Format): Promise<never> {
  const startedAt = Date.now();
  let last = '';
  for (let state = await fetchState(client, kind); ; state = await nextState(client, kind)) {
    const fingerprint = render(state, format, startedAt);
    if (fingerprint !== last) {
      if (last !== '') process.stdout.write(SEPARATORS[format]);
      process.stdout.write(render(state, format, Date.now()));
    }
    last = fingerprint;
  }
}

const SEPARATORS: Readonly<Record<Format, string>> = { table: '\n', json: '', yaml: '---\n' };

async function nextState(client: AdminClient, kind: Kind | undefined): Promise<State> {
  let told = false;
  for (;;) {
    await sleep(WATCH_EVERY_MS);
    try {
      return await fetchState(client, kind);
    } catch (error) {
      if (!(error instanceof AdminError) || error.status !== undefined) throw error;
      if (!told) process.stderr.write(`${error.message} Waiting for it.\n`);
      told = true;
    }
  }
}

async function fetchState(client: AdminClient, kind: Kind | undefined): Promise<State> {
  const kinds = kind === undefined ? KINDS : [kind];
  const status = kind === undefined ? await client.fetch<ControllerStatus>('status') : undefined;
  const rows = await Promise.all(kinds.map(async (each) => [each, await client.fetch(each)] as const));
  return { status, rows: Object.fromEntries(rows) };
}

function render({ status, rows }: State, format: Format, nowMs: number): string {
  if (format !== 'table') {
    const value = status === undefined ? Object.values(rows)[0] : { status, ...rows };
    return formatData(value, format);
  }
  const { columns: width, isTTY } = process.stdout;
  const screen = { width, colours: isTTY === true && pc.isColorSupported };
  const tables = KINDS.flatMap((kind) => {
    const shown = rows[kind];
    if (shown === undefined) return [];
    const table = kindTable(kind, shown, nowMs, screen);
    return [status === undefined ? table : `${kind.toUpperCase()}\n${table}`];
  });
  return status === undefined ? tables.join('\n') : [statusLines(status, nowMs), ...tables].join('\n');
}
