import { Command, InvalidArgumentError, Option } from 'commander';
import { type DataFormat, formatData, outputOption } from '../cli/output.ts';
import { formatTable } from '../cli/table.ts';
import { parseDuration } from '../core/api/duration.ts';
import { ROLES, type Role } from '../core/security/roles.ts';
import type { StoredToken } from '../security/token-file.ts';

const DEFAULT_FILE = 'penstock-tokens.json';

interface CreateOptions {
  readonly file: string;
  readonly role: Role;
  readonly name: string;
  readonly expires?: number;
}

/** `penstock token create|list|revoke`: the file of tokens that `serve --admin-auth` reads. */
export function tokenCommand(): Command {
  return new Command('token')
    .description('make and revoke the tokens of people and pipelines; their file holds hashes alone')
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
    .addHelpText(
      'after',
      `
Examples:
  penstock token create --role operator --name ci > ci.token
  PENSTOCK_TOKEN=$(cat ci.token) penstock pause fraud-v2`,
    );
}

function fileOption(): Option {
  return new Option('-f, --file <path>', 'the file of tokens').default(DEFAULT_FILE);
}

function createCommand(): Command {
  return new Command('create')
    .description('make a token and print it, once')
    .addOption(fileOption())
    .addOption(
      new Option('--role <role>', 'what it may do: look, act on rollouts, everything')
        .choices([...ROLES])
        .makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'whom the audit names', readName)
    .option('--expires <duration>', 'for how long it is valid (default: until it is revoked)', readDuration)
    .action(async ({ file, role, name, expires }: CreateOptions) => {
      const { createToken } = await import('../security/token-file.ts');
      const now = Date.now();
      const expiresAt = expires === undefined ? undefined : now + expires;
      process.stdout.write(`${await createToken(file, { name, role, now, expiresAt })}\n`);
      process.stderr.write(`${file}: ${name} is ${role}; the token is not shown again\n`);
    });
}

function listCommand(): Command {
  return new Command('list')
    .description('show whose tokens there are')
    .addOption(fileOption())
    .addOption(outputOption('table'))
    .action(async ({ file, output }: { file: string; output: 'table' | DataFormat }) => {
      const { readTokens } = await import('../security/token-file.ts');
      const tokens = (await readTokens(file)).map(({ hash: _, ...shown }) => shown);
      process.stdout.write(output === 'table' ? `${table(tokens)}\n` : formatData(tokens, output));
    });
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('end a token; a running server knows it within a second')
    .argument('<token>', 'its id or its name')
    .addOption(fileOption())
    .action(async (which: string, { file }: { file: string }) => {
      const { revokeToken } = await import('../security/token-file.ts');
      const { name } = await revokeToken(file, which);
      process.stderr.write(`${file}: the token of ${name} is revoked\n`);
    });
}

function table(tokens: readonly Omit<StoredToken, 'hash'>[]): string {
  return formatTable(
    [
      { heading: 'ID', cell: ({ id }) => id },
      { heading: 'NAME', cell: ({ name }) => name },
      { heading: 'ROLE', cell: ({ role }) => role },
      { heading: 'CREATED', cell: ({ createdAt }) => createdAt },
      { heading: 'EXPIRES', cell: ({ expiresAt }) => expiresAt ?? 'never' },
    ],
    tokens,
  );
}

function readName(text: string): string {
  if (!/^[\w.@+-]{1,64}$/.test(text))
    throw new InvalidArgumentError('give up to 64 letters, digits and . @ + - _.');
  return text;
}

function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('give a duration such as 12h.');
  return ms;
}
