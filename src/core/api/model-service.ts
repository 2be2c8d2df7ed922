import * as z from 'zod';
import { healthCheck, retries, timeouts } from './call-settings.ts';
import { endpoints } from './endpoints.ts';
import { defaulted, percent, port } from './field.ts';
import { identityPattern } from './identity.ts';
import { loadBalancing } from './load-balancing.ts';
import { callerKey } from './match.ts';
import { kindOf } from './metadata.ts';
import { dnsLabel, hostName } from './name.ts';
import { type Frozen, record } from './record.ts';

const scaleTargetRef = record({
  apiVersion: defaulted(z.literal('apps/v1').describe('Its API version.'), 'apps/v1', 'that of Deployments'),
  kind: defaulted(
    z.literal('Deployment').describe('Its kind.'),
    'Deployment',
    'the only kind that can be meant',
  ),
  name: dnsLabel()
    .describe('The name of a Deployment in the same namespace.')
    .meta({ examples: ['fraud-v2'] }),
});

const version = record({
  name: dnsLabel()
    .describe('The name, unique within the service.')
    .meta({ examples: ['v1'] }),
  modelVersion: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "The model's version in the model server's metrics (label `version`); the version's name unless given.",
    ),
  endpoints: endpoints.describe('Where its instances are; several sources are united.'),
  scaleTargetRef: scaleTargetRef
    .exactOptional()
    .describe(
      'What runs its instances: a rollout scales it, and only its number of replicas (Kubernetes); left alone unless given.',
    ),
}).transform((given) => ({ ...given, modelVersion: given.modelVersion ?? given.name }));

const mirror = record({
  version: dnsLabel().describe('The version that gets the copies; its answers are thrown away.'),
  percent: defaulted(
    percent().describe('The share of requests that is copied.'),
    100,
    'a mirror shows everything unless told less',
  ),
});

const mtls = record({
  identities: z
    .array(identityPattern())
    .min(1)
    .describe(
      'The SPIFFE IDs that its sidecars may have; `*` stands for one segment of the path, `**` at the end for any rest.',
    )
    .meta({ examples: [['spiffe://mesh.example/ns/default/sa/fraud']] }),
});

const spec = record({
  hosts: z
    .array(hostName())
    .min(1)
    .exactOptional()
    .describe('The names that clients dial; `NAME.NAMESPACE.svc.cluster.local` unless given.'),
  port: port()
    .describe('The port that clients dial.')
    .meta({ examples: [9000] }),
  protocol: defaulted(
    z.enum(['grpc', 'http']).describe('What is spoken: gRPC (HTTP/2), or HTTP/1.1.'),
    'grpc',
    'the Open Inference Protocol is fastest on gRPC',
  ),
  model: z
    .string()
    .min(1)
    .exactOptional()
    .describe(
      "The model's name in the model server's metrics (label `model`); the service's name unless given.",
    ),
  versions: z.array(version).min(1).describe('The versions behind the name.'),
  defaultVersion: dnsLabel()
    .exactOptional()
    .describe(
      'The version that gets all traffic unless a rollout says otherwise; the first one unless given.',
    ),
  stickiness: defaulted(
    z
      .array(callerKey)
      .describe(
        'What keeps a user on a version while weights change: the first of these that a request has.',
      ),
    [],
    'each request chooses for itself; behind a sidecar every call of an application has one address, so none can be guessed',
  ),
  loadBalancing: defaulted(
    loadBalancing.describe('How requests are spread over the instances of a version.'),
    {},
    'see its fields',
  ),
  timeouts: defaulted(timeouts.describe('How long each part of a call may take.'), {}, 'see its fields'),
  retries: retries
    .exactOptional()
    .describe('When and how a failed call is tried again; not at all unless given.'),
  healthCheck: healthCheck
    .exactOptional()
    .describe('Active health checks by the sidecars; none unless given.'),
  mtls: mtls
    .exactOptional()
    .describe(
      'Calls go over mutual TLS: its sidecars run with `--mtls`, and callers believe them by these identities. Plaintext unless given.',
    ),
  mirror: mirror
    .exactOptional()
    .describe('Copies of requests to a version under test, with no effect on the caller.'),
});

/** One name that clients dial, several versions behind it. */
export const modelServiceSchema = kindOf('ModelService', spec)
  .transform((object) => ({
    ...object,
    spec: {
      ...object.spec,
      hosts: object.spec.hosts ?? [`${object.metadata.name}.${object.metadata.namespace}.svc.cluster.local`],
      model: object.spec.model ?? object.metadata.name,
      defaultVersion: object.spec.defaultVersion ?? object.spec.versions[0]?.name ?? '',
    },
  }))
  .describe('One name that clients dial, several versions behind it.');

export type ModelServiceInput = z.input<typeof modelServiceSchema>;
export type ModelService = Frozen<z.output<typeof modelServiceSchema>>;
export type ServiceVersion = ModelService['spec']['versions'][number];
