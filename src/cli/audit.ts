import { Command, InvalidArgumentError } from 'commander';
import type { ChainHead } from '../core/audit/chain.ts';
import { beginCheck, type ChainReport, endCheck, verifyNext } from '../core/audit/verify.ts';
import { type AuditSource, auditFromApi, auditPages } from './audit-source.ts';
import { type DataFormat, formatData, outputOption } from './output.ts';
import { type Reach, withControlPlane } from './reach.ts';

interface AuditOptions {
  readonly state?: string;
}

type OpenState = (directory: string) => AuditSource;

/** Where the chain may be. */
interface Places {
  readonly reach: Reach;
  readonly openState: OpenState;
}

/**
 * `penstock audit verify|export`: of a running control plane, or with `--state` of the directory of one that is not.
 * @param openState opens the chain in a state directory
 */
export function auditCommand(reach: Reach, openState: OpenState): Command {
  const places = { reach, openState };
  return new Command('audit')
    .description('the record of every action of people and of the loop')
    .addCommand(verifyCommand(places))
    .addCommand(exportCommand(places));
}

interface VerifyOptions extends AuditOptions {
  readonly expect?: ChainHead;
  readonly output: 'text' | DataFormat;
}

function verifyCommand(places: Places): Command {
  return reading(places, 'verify')
    .description('say whether the record is whole; exit 1, and which entries are not, when it is not')
    .option('--expect <seq:hash>', 'a head that was noted earlier and must still be in the chain', parseHead)
    .addOption(outputOption('text'))
    .action((options: VerifyOptions) =>
      withSource(options, places, async (source) => {
        const report = await verifyAudit(source, options.expect);
        process.stdout.write(
          options.output === 'text' ? reportText(report) : formatData(report, options.output),
        );
        if (report.findings.length > 0) process.exitCode = 1;
      }),
    );
}

function exportCommand(places: Places): Command {
  return reading(places, 'export')
    .description('print every entry as one line of JSON, oldest first')
    .option('--after <seq>', 'only the entries after this one', parseSeq, 0)
    .action((options: AuditOptions & { readonly after: number }) =>
      withSource(options, places, async (source) => {
        for await (const { lines } of auditPages(source, options.after))
          for (const line of lines) process.stdout.write(`${line}\n`);
      }),
    );
}

/** Verifies all that the source has, a page at a time. */
export async function verifyAudit(source: AuditSource, expected?: ChainHead): Promise<ChainReport> {
  let check = beginCheck(expected);
  let head: ChainHead | undefined;
  for await (const page of auditPages(source, 0)) {
    check = page.lines.reduce(verifyNext, check);
    head = page.head;
  }
  return endCheck(check, head);
}

function reading({ reach }: Places, name: string): Command {
  const command = new Command(name);
  return reach.addOptions(
    command.option('--state <dir>', 'read the state directory of a control plane that does not run'),
  );
}

async function withSource(
  options: AuditOptions,
  { reach, openState }: Places,
  use: (source: AuditSource) => Promise<void>,
): Promise<void> {
  if (options.state !== undefined) {
    const source = openState(options.state);
    try {
      await use(source);
    } finally {
      source.close();
    }
    return;
  }
  await withControlPlane(reach, { ...options }, ({ client }) => use(auditFromApi(client)));
}

function reportText({ entries, from, head, findings }: ChainReport): string {
  if (findings.length > 0) return `${findings.join('\n')}\nNOT WHOLE: ${entries} entries read\n`;
  if (entries === 0) return 'whole: no entries yet\n';
  const pruned = from > 1 ? `, those before entry ${from} pruned by retention` : '';
  return `whole: ${entries} entries${pruned}; head ${head.seq}:${head.hash}\n`;
}

function parseHead(text: string): ChainHead {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new InvalidArgumentError('give SEQ:HASH as `audit verify` printed it.');
  return { seq: Number(seq), hash };
}

function parseSeq(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('give the number of an entry.');
  return Number(text);
}
