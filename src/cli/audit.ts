import { Command, InvalidArgumentError } from 'commander';
import type { ChainHead } from '../core/audit/chain.ts';
import { beginCheck, type ChainReport, endCheck, verifyNext } from '../core/audit/verify.ts';
import { adminClient, adminOption, tokenOption } from './admin-option.ts';
import { type AuditSource, auditFromApi, auditPages } from './audit-source.ts';

interface AuditOptions {
  readonly admin: string;
  readonly token?: string;
  readonly state?: string;
}

type OpenState = (directory: string) => AuditSource;

/**
 * `penstock audit verify|export`: of a running control plane, or with `--state` of the directory of one that is not.
 * @param openState opens the chain in a state directory
 */
export function auditCommand(openState: OpenState): Command {
  return new Command('audit')
    .description('the record of every action of people and of the loop')
    .addCommand(verifyCommand(openState))
    .addCommand(exportCommand(openState));
}

function verifyCommand(openState: OpenState): Command {
  return reading('verify')
    .description('say whether the record is whole; exit 1, and which entries are not, when it is not')
    .option('--expect <seq:hash>', 'a head that was noted earlier and must still be in the chain', parseHead)
    .action((options: AuditOptions & { readonly expect?: ChainHead }) =>
      withSource(options, openState, async (source) => {
        const report = await verifyAudit(source, options.expect);
        process.stdout.write(reportText(report));
        if (report.findings.length > 0) process.exitCode = 1;
      }),
    );
}

function exportCommand(openState: OpenState): Command {
  return reading('export')
    .description('print every entry as one line of JSON, oldest first')
    .option('--after <seq>', 'only the entries after this one', parseSeq, 0)
    .action((options: AuditOptions & { readonly after: number }) =>
      withSource(options, openState, async (source) => {
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

function reading(name: string): Command {
  return new Command(name)
    .option('--state <dir>', 'read the state directory of a control plane that does not run')
    .addOption(adminOption())
    .addOption(tokenOption());
}

async function withSource(
  { state, admin, token }: AuditOptions,
  openState: OpenState,
  use: (source: AuditSource) => Promise<void>,
): Promise<void> {
  const source =
    state === undefined
      ? auditFromApi(adminClient({ admin, ...(token === undefined ? {} : { token }) }))
      : openState(state);
  try {
    await use(source);
  } finally {
    source.close();
  }
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
