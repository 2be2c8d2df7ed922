import * as z from 'zod';

const quantities = z.record(z.string(), z.string());

/** What a person decides about all sidecars at once. */
const settings = z.strictObject({
  /** Envoy's image. */
  image: z.string().min(1).default('envoyproxy/envoy:distroless-v1.40.0'),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  /** Envoy's program in that image; given, since some images have an entrypoint that wants to be root. */
  command: z.array(z.string()).min(1).default(['/usr/local/bin/envoy']),
  /** Where the control plane serves xDS, seen from pods. */
  xds: z
    .strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535) })
    .default({ host: 'penstock.penstock-system.svc', port: 18_000 }),
  /** Quantities as Kubernetes has them. Without a limit on the CPU: a throttled sidecar delays every request. */
  resources: z
    .strictObject({ requests: quantities.default({}), limits: quantities.default({}) })
    .default({ requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '256Mi' } }),
  /** The user "nonroot" of distroless images. */
  runAsUser: z.int().min(1).default(65_532),
  /** Envoy's worker threads. */
  concurrency: z.int().min(1).default(2),
  logLevel: z.enum(['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off']).default('warning'),
});

export type InjectionSettings = z.output<typeof settings>;

export const DEFAULT_SETTINGS: InjectionSettings = settings.parse({});

/**
 * Reads settings; what is left out is as usual.
 * @returns or one line for each thing that is wrong
 */
export function parseSettings(
  value: unknown,
): { readonly settings: InjectionSettings } | { readonly problems: readonly string[] } {
  const parsed = settings.safeParse(value ?? {});
  if (parsed.success) return { settings: parsed.data };
  return {
    problems: parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(document)'}: ${message}`),
  };
}
