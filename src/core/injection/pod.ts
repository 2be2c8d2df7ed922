import * as z from 'zod';

const texts = z.record(z.string(), z.string()).nullish();
const named = z.looseObject({ name: z.string().optional() });
const containers = z
  .array(
    named.extend({
      ports: z
        .array(named.extend({ containerPort: z.number().optional(), protocol: z.string().optional() }))
        .nullish(),
      env: z.array(named).nullish(),
      volumeMounts: z.array(z.unknown()).nullish(),
    }),
  )
  .nullish();

const podSchema = z.looseObject({
  metadata: z.looseObject({ labels: texts, annotations: texts }).optional(),
  spec: z
    .looseObject({
      hostNetwork: z.boolean().nullish(),
      containers,
      initContainers: containers,
      volumes: z.array(named).nullish(),
    })
    .optional(),
});

/** What injection reads of a pod; the rest of it is carried and never looked at. */
export interface Pod {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>> | null | undefined;
    readonly annotations?: Readonly<Record<string, string>> | null | undefined;
  };
  readonly spec?: {
    readonly hostNetwork?: boolean | null | undefined;
    readonly containers?: readonly Container[] | null | undefined;
    readonly initContainers?: readonly Container[] | null | undefined;
    readonly volumes?: readonly { readonly name?: string }[] | null | undefined;
  };
}

export interface Container {
  readonly name?: string;
  readonly ports?:
    | readonly {
        readonly name?: string | undefined;
        readonly containerPort?: number;
        readonly protocol?: string | undefined;
      }[]
    | null
    | undefined;
  readonly env?: readonly { readonly name?: string }[] | null | undefined;
  readonly volumeMounts?: readonly unknown[] | null | undefined;
}

/** Reads a pod. @returns undefined when it is none */
export function readPod(value: unknown): Pod | undefined {
  const parsed = podSchema.safeParse(value);
  // In JSON nothing is there and undefined.
  return parsed.success ? (parsed.data as Pod) : undefined;
}

/** Labels and annotations that speak to the injection. */
export const KEYS = {
  /** Label of a pod or of its namespace; `"false"` on a pod wins over all. */
  inject: 'penstock.dev/inject',
  /** Label or annotation: the service that the pod serves, `NAME` or (annotation) `NAMESPACE/NAME`. */
  service: 'penstock.dev/service',
  /** Label or annotation: the version that it serves. */
  version: 'penstock.dev/version',
  port: 'penstock.dev/port',
  appPort: 'penstock.dev/app-port',
  outbound: 'penstock.dev/outbound',
  outboundPort: 'penstock.dev/outbound-port',
  /** `"true"`, or the names of the containers that speak xDS themselves. */
  proxyless: 'penstock.dev/proxyless',
  accessLog: 'penstock.dev/access-log',
  otlpEndpoint: 'penstock.dev/otlp-endpoint',
  traced: 'penstock.dev/traced',
  /** Written: what was injected. */
  injected: 'penstock.dev/injected',
  /** Written: what the downward API gives to gRPC's clients as a file. */
  grpcBootstrap: 'penstock.dev/grpc-bootstrap',
} as const;

/** The containers that injection adds, by name. */
export const SIDECAR_NAMES = { inbound: 'penstock-inbound', outbound: 'penstock-outbound' } as const;

export function labelsOf(pod: Pod): Readonly<Record<string, string>> {
  return pod.metadata?.labels ?? {};
}

export function annotationsOf(pod: Pod): Readonly<Record<string, string>> {
  return pod.metadata?.annotations ?? {};
}
