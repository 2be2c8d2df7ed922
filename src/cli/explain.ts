import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import type {
  BreakerStatus,
  DecisionRecord,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../core/status/status.ts';
import { type AdminClient, AdminError } from './admin-client.ts';
import { adminClient, adminOption, tokenOption } from './admin-option.ts';
import { explainText, type Standing } from './explain-text.ts';

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
    .addOption(tokenOption())
    .action(async (subject: Subject, options: { last: number; output: string; admin: string }) => {
      const client = adminClient(options);
      const query = subject.kind === 'Service' ? 'service' : 'subject';
      const key = `${subject.namespace}/${subject.name}`;
      const records = await client.fetch<readonly DecisionRecord[]>('decisions', {
        [query]: query === 'service' ? key : `${subject.kind}/${key}`,
        limit: String(options.last),
      });
      const standing = await findStanding(client, subject);
      if (records.length === 0 && Object.keys(standing).length === 0) {
        throw new AdminError(
          `${subject.kind}/${key}: there is no such thing, and no decision about it on record; \`penstock get\` lists what there is`,
          404,
        );
      }
      const value = { ...standing, decisions: records };
      if (options.output === 'json') process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
      else if (options.output === 'yaml') process.stdout.write(stringify(value));
      else
        process.stdout.write(
          explainText(standing, records, await client.fetch<readonly SidecarStatus[]>('sidecars')),
        );
    });
}

/** How the subject is now; without keys where there is nothing of that name. */
async function findStanding(client: AdminClient, { kind, namespace, name }: Subject): Promise<Standing> {
  switch (kind) {
    case 'Rollout': {
      const rollouts = await client.fetch<readonly RolloutStatus[]>('rollouts');
      const rollout = rollouts.find((each) => each.namespace === namespace && each.name === name);
      return rollout === undefined ? {} : { rollout };
    }
    case 'Breaker': {
      const breakers = await client.fetch<readonly BreakerStatus[]>('breakers');
      const breaker = breakers.find(
        (each) => each.namespace === namespace && each.service === name && each.version === undefined,
      );
      return breaker === undefined ? {} : { breaker };
    }
    default: {
      const services = await client.fetch<readonly ServiceStatus[]>('services');
      const service = services.find((each) => each.namespace === namespace && each.name === name);
      return service === undefined ? {} : { service };
    }
  }
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
