import { formatDuration } from './duration.ts';
import type { ModelService, ServiceVersion } from './model-service.ts';
import { repeatedNames, versionFindings } from './object-set.ts';
import { error, type FieldPath, type Finding, warning } from './problem.ts';

/** What the shape of a ModelService cannot say. */
export function serviceFindings(service: ModelService): readonly Finding[] {
  const { spec } = service;
  return [
    ...repeatedNames(['spec', 'versions'], spec.versions),
    ...versionFindings(service, ['spec', 'defaultVersion'], spec.defaultVersion),
    ...mirrorFindings(service),
    ...overlaps(spec.versions),
    ...workloadFindings(spec.versions),
    ...callFindings(spec),
  ];
}

function mirrorFindings(service: ModelService): readonly Finding[] {
  const { mirror, defaultVersion } = service.spec;
  if (mirror === undefined) return [];
  const path = ['spec', 'mirror', 'version'];
  if (mirror.version !== defaultVersion) return versionFindings(service, path, mirror.version);
  return [
    warning(
      path,
      `${mirror.version} gets the copies of its own requests; a version other than defaultVersion`,
    ),
  ];
}

/** What is scaled must be what is found: readiness is read from the endpoints, and a workload has one version. */
function workloadFindings(versions: readonly ServiceVersion[]): readonly Finding[] {
  return versions.flatMap(({ name, endpoints, scaleTargetRef: ref }, index) => {
    if (ref === undefined) return [];
    const path = ['spec', 'versions', index, 'scaleTargetRef'];
    if (endpoints.kubernetes === undefined) {
      return [error(path, 'is of a version whose endpoints are no pods; endpoints.kubernetes beside it')];
    }
    const first = versions.find((each) => each.scaleTargetRef?.name === ref.name);
    if (first === undefined || first.name === name) return [];
    return [
      error([...path, 'name'], `${ref.name} runs ${first.name} already; a Deployment for each version`),
    ];
  });
}

function callFindings({
  timeouts,
  retries,
  healthCheck,
  protocol,
}: ModelService['spec']): readonly Finding[] {
  const findings: Finding[] = [];
  const bound = timeouts.request;
  const within = `less than timeouts.request (${formatDuration(bound)})`;
  if (bound > 0 && (retries?.perTryTimeout ?? 0) > bound) {
    findings.push(
      error(['spec', 'retries', 'perTryTimeout'], `is longer than the whole request may take; ${within}`),
    );
  }
  if (bound > 0 && (retries?.hedging?.after ?? 0) >= bound) {
    findings.push(
      error(['spec', 'retries', 'hedging', 'after'], `comes when the request is over; ${within}`),
    );
  }
  if (protocol === 'http' && healthCheck?.grpc !== undefined) {
    findings.push(
      error(['spec', 'healthCheck', 'grpc'], 'cannot ask a service of protocol http; http: {path}'),
    );
  }
  return findings;
}

type Place = { readonly source: string; readonly path: FieldPath };

/** The same instance must not stand behind two versions, or twice behind one: its share would be wrong. */
function overlaps(versions: readonly ServiceVersion[]): readonly Finding[] {
  const first = new Map<string, FieldPath>();
  return versions.flatMap(placesOf).flatMap(({ source, path }) => {
    const before = first.get(source);
    if (before === undefined) {
      first.set(source, path);
      return [];
    }
    const where = `versions[${before[2]}].endpoints.${before[4]}${before[5] === undefined ? '' : `[${before[5]}]`}`;
    return [error(path, `${source} is given in ${where} already; each instance once`)];
  });
}

function placesOf({ endpoints }: ServiceVersion, index: number): readonly Place[] {
  const at = (...rest: FieldPath): FieldPath => ['spec', 'versions', index, 'endpoints', ...rest];
  const places: Place[] = (endpoints.static ?? []).map(({ address, port }, position) => ({
    source: address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`,
    path: at('static', position),
  }));
  const { dns, consul, kubernetes } = endpoints;
  if (dns !== undefined) places.push({ source: `DNS name ${dns.name}:${dns.port}`, path: at('dns') });
  if (consul !== undefined) {
    const { service, tag = 'any tag', datacenter = 'own datacenter' } = consul;
    places.push({ source: `Consul service ${service} (${tag}, ${datacenter})`, path: at('consul') });
  }
  if (kubernetes !== undefined) {
    const { selector = {}, service = 'any', namespace = 'own', port = 'any' } = kubernetes;
    const labels = Object.entries(selector).map(([name, value]) => `${name}=${value}`);
    const text = `Kubernetes pods ${labels.sort().join(',')} (service ${service}, namespace ${namespace}, port ${port})`;
    places.push({ source: text, path: at('kubernetes') });
  }
  return places;
}
