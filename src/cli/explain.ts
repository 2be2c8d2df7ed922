import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type { DecisionRecord, RolloutStatus, SidecarStatus } from '../core/status/status.ts';
import { AdminClient, AdminError } from './admin-client.ts';
import { adminOption } from './admin-option.ts';
import { formatTime, formatWeight } from './format.ts';

const SUBJECT_KINDS: Readonly<Record<string, string>> = {
  rollout: 'Rollout',
  modelrollout: 'Rollout',
  breaker: 'Breaker',
  trafficpolicy: 'Breaker',
  balance: 'Balance',
  limit: 'Limit',
  service: 'Service',
  modelservice: 'Service',
};

interface Subject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** `penstock explain KIND/NAME`: the last decisions, each with its evidence, configuration and acknowledgement. */
export function explainCommand(): Command {
  return new Command('explain')
    .description(
      'say why: the last decisions with their evidence, what was configured, and who acknowledged it',
    )
    .argument(
      '<kind/name>',
      'rollout/NAME, breaker/NAME, service/NAME, balance/NAME or KIND/NAMESPACE/NAME',
      parseSubject,
    )
    .option('-n, --last <count>', 'how many decisions', parseCount, 5)
    .addOption(
      new Option('-o, --output <format>', 'how to print it')
        .choices(['text', 'json', 'yaml'])
        .default('text'),
    )
    .addOption(adminOption())
    .action(async (subject: Subject, options: { last: number; output: string; admin: string }) => {
      const client = new AdminClient(options.admin);
      const query = subject.kind === 'Service' ? 'service' : 'subject';
      const key = `${subject.namespace}/${subject.name}`;
      const records = await client.fetch<readonly DecisionRecord[]>('decisions', {
        [query]: query === 'service' ? key : `${subject.kind}/${key}`,
        limit: String(options.last),
      });
      const rollout = subject.kind === 'Rollout' ? await findRollout(client, subject) : undefined;
      if (records.length === 0 && rollout === undefined) {
        throw new AdminError(
          `${subject.kind}/${key}: no decision is on record; \`penstock get\` lists what there is`,
          404,
        );
      }
      const value = { rollout, decisions: records };
      if (options.output === 'json') process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
      else if (options.output === 'yaml') process.stdout.write(stringify(value));
      else
        process.stdout.write(
          explainText(rollout, records, await client.fetch<readonly SidecarStatus[]>('sidecars')),
        );
    });
}

async function findRollout(client: AdminClient, subject: Subject): Promise<RolloutStatus | undefined> {
  const rollouts = await client.fetch<readonly RolloutStatus[]>('rollouts');
  return rollouts.find((each) => each.namespace === subject.namespace && each.name === subject.name);
}

/** The answer as a person would give it: where it stands, then each decision from signal to acknowledgement. */
function explainText(
  rollout: RolloutStatus | undefined,
  records: readonly DecisionRecord[],
  sidecars: readonly SidecarStatus[],
): string {
  const parts: string[] = [];
  if (rollout !== undefined) parts.push(rolloutText(rollout));
  for (const record of records) parts.push(decisionText(record));
  const rejecting = sidecars.filter((each) => each.rejections.length > 0);
  for (const each of rejecting) {
    parts.push(`${each.id} rejected ${each.rejections.map((r) => `${r.type}: ${r.message}`).join('; ')}\n`);
  }
  return parts.join('\n');
}

function rolloutText(rollout: RolloutStatus): string {
  const lines = [
    `${rollout.name}: ${rollout.phase} at ${formatWeight(rollout.weight)}, ${rollout.stable} → ${rollout.candidate}`,
    `  ${rollout.message}`,
  ];
  if (rollout.requests) lines.push(`  ${rollout.requests.seen} of ~${rollout.requests.needed} requests`);
  for (const gate of rollout.gates) {
    const bound =
      gate.log10Evidence === undefined || gate.log10Bound === undefined
        ? ''
        : ` (evidence 10^${gate.log10Evidence.toFixed(1)} of 10^${gate.log10Bound.toFixed(1)})`;
    lines.push(
      `  gate ${gate.name} [${gate.type}${gate.dryRun ? ', dry run' : ''}]: ${gate.verdict}${bound}`,
    );
    lines.push(`    ${gate.message}`, `    read from ${gate.source}`);
  }
  if (rollout.laggards.length > 0) lines.push(`  not acknowledged by ${rollout.laggards.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

function decisionText(record: DecisionRecord): string {
  const lines = [
    `${formatTime(record.at)}  ${record.subject}  ${record.reason}  by ${record.actor}`,
    `  ${record.message}`,
  ];
  if (record.evidence !== undefined && record.evidence !== null) {
    lines.push(
      '  evidence:',
      ...stringify(record.evidence)
        .trimEnd()
        .split('\n')
        .map((line) => `    ${line}`),
    );
  }
  if (record.change) {
    lines.push(
      `  before: ${JSON.stringify(record.change.before)}`,
      `  after:  ${JSON.stringify(record.change.after)}`,
    );
  }
  for (const each of record.resources)
    lines.push(`  configured ${each.type} ${each.name} at version ${each.version}`);
  if (record.acknowledged) {
    const { by, of, lastAt, laggards } = record.acknowledged;
    const after = lastAt === undefined ? '' : `, the last after ${Math.max(0, lastAt - record.at)} ms`;
    lines.push(
      `  acknowledged by ${by} of ${of} sidecars${after}${laggards.length > 0 ? `; missing ${laggards.join(', ')}` : ''}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** @throws InvalidArgumentError when it is not KIND/NAME or KIND/NAMESPACE/NAME. */
function parseSubject(text: string): Subject {
  const parts = text.split('/');
  const kind = SUBJECT_KINDS[(parts[0] ?? '').toLowerCase().replace(/s$/, '')];
  const name = parts.at(-1);
  if (kind === undefined || parts.length < 2 || parts.length > 3 || !name) {
    throw new InvalidArgumentError('give rollout/NAME, breaker/NAME, service/NAME or balance/NAME.');
  }
  return { kind, namespace: parts.length === 3 ? (parts[1] ?? '') : 'default', name };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1000)
    throw new InvalidArgumentError('give a number from 1 to 1000.');
  return count;
}
