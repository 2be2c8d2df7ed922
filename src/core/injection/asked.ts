import { error, type FieldPath, type Finding } from '../api/problem.ts';
import { quote } from '../api/quote.ts';
import {
  DEFAULT_TRACED,
  parseOtlpEndpoint,
  parseTraced,
  type SpanExport,
} from '../translate/otlp-endpoint.ts';
import { annotationsOf, KEYS, labelsOf, type Pod } from './pod.ts';

/** What a pod asks for by its labels and annotations. */
export interface Asked {
  readonly inbound:
    | {
        readonly service: string;
        readonly version: string;
        readonly port: number;
        readonly appPort: number;
      }
    | undefined;
  readonly outbound: { readonly port: number } | undefined;
  /** Names of the containers that speak xDS themselves. */
  readonly proxyless: readonly string[];
  readonly accessLog: boolean;
  readonly spans: SpanExport | undefined;
}

const USUAL_INBOUND_PORT = 9000;
const USUAL_OUTBOUND_PORT = 15_001;
const SERVICE = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\/)?[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** Whether a pod takes part at all: its own label decides, else its namespace's. */
export function takesPart(pod: Pod, selectedBy: 'pod' | 'namespace'): boolean {
  const own = labelsOf(pod)[KEYS.inject];
  return own === undefined ? selectedBy === 'namespace' : own === 'true';
}

/**
 * Reads what a pod asks for. A pod without any of our annotations asks for nothing.
 * @param namespace of the pod, for services that are named without one
 */
export function readAsked(pod: Pod, namespace: string): Asked | { readonly findings: readonly Finding[] } {
  const reader = new Reader(pod);
  const asked = {
    inbound: readInbound(reader, namespace),
    outbound: readOutbound(reader),
    proxyless: readProxyless(reader),
    accessLog: reader.flag(KEYS.accessLog),
    spans: readSpans(reader),
  };
  if ((asked.inbound || asked.outbound) && pod.spec?.hostNetwork === true)
    reader.findings.push(
      error(['spec', 'hostNetwork'], 'is true, so that sidecars would take ports of the node; false'),
    );
  return reader.findings.length === 0 ? asked : { findings: reader.findings };
}

function readInbound(reader: Reader, namespace: string): Asked['inbound'] {
  const service = reader.labelOrAnnotation(KEYS.service);
  if (service === undefined) return undefined;
  const named = SERVICE.test(service.value);
  if (!named) reader.wrong(service.path, service.value, 'NAME or NAMESPACE/NAME of a ModelService');
  const version = reader.labelOrAnnotation(KEYS.version) ?? reader.label('version');
  if (version === undefined)
    reader.findings.push(
      error(['metadata', 'labels', KEYS.version], 'is missing; the version that the pod serves'),
    );
  const port = reader.port(KEYS.port) ?? USUAL_INBOUND_PORT;
  const appPort = reader.port(KEYS.appPort) ?? reader.declaredPort();
  if (appPort === port)
    reader.findings.push(
      error(
        ['metadata', 'annotations', KEYS.port],
        `is ${port}, and the model server listens there already; another port for the sidecar`,
      ),
    );
  if (!named || version === undefined || appPort === undefined) return undefined;
  const full = service.value.includes('/') ? service.value : `${namespace}/${service.value}`;
  return { service: full, version: version.value, port, appPort };
}

function readOutbound(reader: Reader): Asked['outbound'] {
  if (!reader.flag(KEYS.outbound)) return undefined;
  return { port: reader.port(KEYS.outboundPort) ?? USUAL_OUTBOUND_PORT };
}

function readSpans(reader: Reader): SpanExport | undefined {
  const annotations = annotationsOf(reader.pod);
  const { [KEYS.otlpEndpoint]: endpoint, [KEYS.traced]: share } = annotations;
  const traced = share === undefined ? DEFAULT_TRACED : parseTraced(share);
  if (share !== undefined && traced === undefined)
    reader.wrong(['metadata', 'annotations', KEYS.traced], share, 'a percentage above "0", at most "100"');
  if (endpoint === undefined) return undefined;
  const otlp = parseOtlpEndpoint(endpoint);
  if (otlp === undefined)
    reader.wrong(['metadata', 'annotations', KEYS.otlpEndpoint], endpoint, 'http://HOST:PORT of a collector');
  return otlp === undefined || traced === undefined ? undefined : { otlp, traced };
}

function readProxyless(reader: Reader): readonly string[] {
  const given = annotationsOf(reader.pod)[KEYS.proxyless];
  if (given === undefined || given === 'false') return [];
  const names = (reader.pod.spec?.containers ?? []).flatMap(({ name }) => name ?? []);
  if (given === 'true') return names;
  const wanted = given
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  const unknown = wanted.filter((each) => !names.includes(each));
  if (wanted.length === 0 || unknown.length > 0)
    reader.wrong(
      ['metadata', 'annotations', KEYS.proxyless],
      given,
      `"true", "false" or some of the containers ${names.join(', ')}`,
    );
  return wanted;
}

/** Reads labels and annotations, and keeps all that is wrong with them. */
class Reader {
  readonly findings: Finding[] = [];
  readonly pod: Pod;

  constructor(pod: Pod) {
    this.pod = pod;
  }

  label(key: string): { readonly value: string; readonly path: FieldPath } | undefined {
    const value = labelsOf(this.pod)[key];
    return value === undefined ? undefined : { value, path: ['metadata', 'labels', key] };
  }

  labelOrAnnotation(key: string): { readonly value: string; readonly path: FieldPath } | undefined {
    const value = annotationsOf(this.pod)[key];
    return value === undefined ? this.label(key) : { value, path: ['metadata', 'annotations', key] };
  }

  flag(key: string): boolean {
    const value = annotationsOf(this.pod)[key];
    if (value !== undefined && value !== 'true' && value !== 'false')
      this.wrong(['metadata', 'annotations', key], value, '"true" or "false"');
    return value === 'true';
  }

  port(key: string): number | undefined {
    const value = annotationsOf(this.pod)[key];
    if (value === undefined) return undefined;
    const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
    if (port >= 1 && port <= 65_535) return port;
    this.wrong(['metadata', 'annotations', key], value, 'a port from "1" to "65535"');
    return undefined;
  }

  /** The one port that the pod's containers declare, or the one named grpc among several. */
  declaredPort(): number | undefined {
    if (annotationsOf(this.pod)[KEYS.appPort] !== undefined) return undefined;
    const ports = (this.pod.spec?.containers ?? [])
      .flatMap(({ ports }) => ports ?? [])
      .filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP');
    const named = ports.filter(({ name }) => name === 'grpc');
    const candidates = named.length > 0 ? named : ports;
    const [only] = candidates;
    if (candidates.length === 1 && only?.containerPort !== undefined) return only.containerPort;
    const why =
      candidates.length === 0
        ? 'is missing, and no container declares a port'
        : `is missing, and containers declare the ports ${candidates.map((each) => each.containerPort).join(', ')}`;
    this.findings.push(
      error(['metadata', 'annotations', KEYS.appPort], `${why}; the port of the model server`),
    );
    return undefined;
  }

  wrong(path: FieldPath, value: string, right: string): void {
    this.findings.push(error(path, `is ${quote(value)}; ${right}`));
  }
}
