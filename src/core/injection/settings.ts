/** What a person decides about all sidecars at once. */
export interface InjectionSettings {
  /** Envoy's image. */
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** Envoy's program in that image; given, since some images have an entrypoint that wants to be root. */
  readonly command: readonly string[];
  /** Where the control plane serves xDS, seen from pods. */
  readonly xds: { readonly host: string; readonly port: number };
  /** Quantities as Kubernetes has them, such as `100m` and `128Mi`. */
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly runAsUser: number;
  /** Envoy's worker threads. */
  readonly concurrency: number;
  readonly logLevel: string;
}

export const DEFAULT_SETTINGS: InjectionSettings = {
  image: 'envoyproxy/envoy:distroless-v1.40.0',
  imagePullPolicy: 'IfNotPresent',
  command: ['/usr/local/bin/envoy'],
  xds: { host: 'penstock.penstock-system.svc', port: 18_000 },
  resources: {
    requests: { cpu: '100m', memory: '64Mi' },
    // Without a limit on the CPU: a sidecar that is throttled delays every request.
    limits: { memory: '256Mi' },
  },
  // The user "nonroot" of distroless images.
  runAsUser: 65_532,
  concurrency: 2,
  logLevel: 'warning',
};
