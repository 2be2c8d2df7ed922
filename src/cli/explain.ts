import { Command, InvalidArgumentError } from 'commander';
import type {
  BreakerStatus,
  DecisionRecord,
  RolloutStatus,
  ServiceStatus,
  SidecarStatus,
} from '../core/status/status.ts';
import { type AdminClient, AdminError } from './admin-client.ts';
import { explainText, type Standing } from './explain-text.ts';
import { type DataFormat, formatData, outputOption } from './output.ts';
import { type Reach, type Reached, withControlPlane } from './reach.ts';

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

/** As it was asked for: perhaps without a namespace. */
interface Asked {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

type Subject = Required<Asked>;

interface ExplainOptions {
  readonly last: number;
  readonly output: 'text' | DataFormat;
}

/** `penstock explain KIND/NAME`: the last decisions, each with its evidence, configuration and acknowledgement. */
export function explainCommand(reach: Reach): Command {
  const command = new Command('explain')
    .description(
      'say why: the last decisions with their evidence, what was configured, and who acknowledged it',
    )
    .argument(
      '<kind/name>',
      'rollout/NAME, breaker/NAME, service/NAME, balance/NAME or KIND/NAMESPACE/NAME',
      parseSubject,
    )
    .option('-n, --last <count>', 'how many decisions', parseCount, 5)
    .addOption(outputOption('text'));
  return reach
    .addOptions(command)
    .action((asked: Asked, options: ExplainOptions) =>
      withControlPlane(reach, { ...options }, (reached) => explain(reached, asked, options)),
    );
}

async function explain({ client, namespace }: Reached, asked: Asked, options: ExplainOptions): Promise<void> {
  const subject: Subject = { namespace, ...asked };
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
  const sidecars = () => client.fetch<readonly SidecarStatus[]>('sidecars');
  process.stdout.write(
    options.output === 'text'
      ? explainText(standing, records, await sidecars())
      : formatData({ ...standing, decisions: records }, options.output),
  );
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
function parseSubject(text: string): Asked {
  const parts = text.split('/');
  const kind = SUBJECT_KINDS[(parts[0] ?? '').toLowerCase().replace(/s$/, '')];
  const name = parts.at(-1);
  if (kind === undefined || parts.length < 2 || parts.length > 3 || !name) {
    throw new InvalidArgumentError('give rollout/NAME, breaker/NAME, service/NAME or balance/NAME.');
  }
  return { kind, name, ...(parts.length === 3 ? { namespace: parts[1] ?? '' } : {}) };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 1000)
    throw new InvalidArgumentError('give a number from 1 to 1000.');
  return count;
}
