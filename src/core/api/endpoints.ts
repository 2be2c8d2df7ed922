import * as z from 'zod';
import { duration } from './duration.ts';
import { defaulted, port } from './field.ts';
import { dnsLabel, hostName, ipAddress } from './name.ts';
import { record, requireOneOf } from './record.ts';

const priority = defaulted(
  z
    .int()
    .min(0)
    .max(15)
    .describe(
      'The tier: traffic overflows to the next tier as this one loses healthy endpoints (private first, public for the rest).',
    ),
  0,
  'one tier unless said otherwise',
);

const staticEndpoint = record({
  address: ipAddress().describe(
    'The IP address of the inbound sidecar, or of the model server where there is none.',
  ),
  port: port().describe('The port.'),
  weight: defaulted(
    z.int().min(1).max(10_000).describe('The share of this endpoint relative to its siblings.'),
    1,
    'equal shares',
  ),
  zone: z.string().min(1).exactOptional().describe('The zone, for locality-aware balancing and for people.'),
  backup: defaulted(
    z.boolean().describe('Takes traffic only when the primaries are gone: the tier after all others.'),
    false,
    'an endpoint is a primary',
  ),
  priority,
});

const dnsSource = record({
  name: hostName().describe('The name to resolve; all its A and AAAA records are endpoints.'),
  port: port().describe('The port of every endpoint.'),
  interval: defaulted(
    duration({ min: '1s', max: '1h' }).describe('How often the name is resolved.'),
    '10s',
    'a moved instance is followed within ten seconds',
  ),
  priority,
});

const consulSource = record({
  service: z.string().min(1).describe('The name of the service in Consul.'),
  tag: z.string().min(1).exactOptional().describe('Only instances with this tag.'),
  datacenter: z.string().min(1).exactOptional().describe("The datacenter, unless the agent's own."),
  priority,
});

const kubernetesSource = requireOneOf(
  record({
    selector: z
      .record(z.string(), z.string())
      .refine((labels) => Object.keys(labels).length > 0, {
        error: 'is empty; at least one label, such as app: fraud',
      })
      .exactOptional()
      .describe('Labels that the pods carry.'),
    service: dnsLabel().exactOptional().describe('A Service whose EndpointSlices are followed.'),
    namespace: dnsLabel()
      .exactOptional()
      .describe("The namespace of the pods; the object's own unless given."),
    port: z
      .union([port(), dnsLabel()], {
        error: 'is neither a port number nor the name of a port; such as 9000 or "grpc"',
      })
      .exactOptional()
      .describe("The port's number or name; the service's `port` unless given."),
    priority,
  }),
  ['selector', 'service'],
  'atLeast',
);

/** Where the instances of a version are found; several sources are united. */
export const endpoints = requireOneOf(
  record({
    static: z.array(staticEndpoint).min(1).exactOptional().describe('Addresses, written down.'),
    dns: dnsSource.exactOptional().describe('A DNS name, resolved again and again.'),
    consul: consulSource
      .exactOptional()
      .describe('A service in Consul, followed by blocking queries; only passing instances.'),
    kubernetes: kubernetesSource
      .exactOptional()
      .describe('Pods of a Kubernetes cluster, followed through EndpointSlices.'),
  }),
  ['static', 'dns', 'consul', 'kubernetes'],
  'atLeast',
);
