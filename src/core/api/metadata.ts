import * as z from 'zod';
import { defaulted } from './field.ts';
import { dnsLabel } from './name.ts';
import { record } from './record.ts';

/** The one version of the kinds so far. */
export const apiVersion = 'penstock.dev/v1alpha1';

/** Who an object is: its name within a namespace and a kind, and what people attach to it. */
const metadata = record({
  name: dnsLabel()
    .describe('The name, unique within its kind and namespace.')
    .meta({ examples: ['fraud'] }),
  namespace: defaulted(
    dnsLabel().describe('The namespace. References from one object to another stay within it.'),
    'default',
    'the name Kubernetes uses, so that a file means the same there',
  ),
  labels: z.record(z.string(), z.string()).exactOptional().describe('Free labels; carried, not interpreted.'),
  annotations: z
    .record(z.string(), z.string())
    .exactOptional()
    .describe('Free annotations; carried, not interpreted.'),
});

/** Wraps a spec into an object of the given kind. */
export function kindOf<Kind extends string, Spec extends z.ZodType>(kind: Kind, spec: Spec) {
  return record({
    apiVersion: z.literal(apiVersion).describe('The version of the kinds.'),
    kind: z.literal(kind).describe('The kind.'),
    metadata: metadata.describe('Name and namespace.'),
    spec: spec.describe('What is wanted.'),
  });
}

/** The reference from a rollout or a policy to the service it acts on (the Gateway API's `targetRef`). */
export const targetRef = record({
  kind: defaulted(
    z.literal('ModelService').describe('The kind.'),
    'ModelService',
    'the only kind that can be meant',
  ),
  name: dnsLabel()
    .describe('The name of a ModelService in the same namespace.')
    .meta({ examples: ['fraud'] }),
});
