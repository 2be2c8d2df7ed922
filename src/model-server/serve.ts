import { serve as serveNode } from '@hono/node-server';
import type { Logger } from 'pino';
import { FaultInjector, watchFaultFile } from './faults/injector.ts';
import { serveGrpc } from './grpc/server.ts';
import { createApp } from './http/app.ts';
import { Problem } from './protocol/problem.ts';
import { openRepository } from './repository/open.ts';
import { ModelService } from './service.ts';
import { Catalogue } from './serving/catalogue.ts';
import { Inference } from './serving/inference.ts';
import { ServedVersion } from './serving/version.ts';
import type { ModelServerSettings } from './settings.ts';
import { versionEvents } from './telemetry/events.ts';
import { type LoadTimes, registerGauges } from './telemetry/gauges.ts';
import { LoadMeter } from './telemetry/load.ts';
import { ServingMetrics } from './telemetry/metrics.ts';

/** A model server that serves. */
export interface ModelServer {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** The runners' process ids by `MODEL/VERSION`. */
  runnerPids(): Map<string, number>;
  /** Says not ready, answers what has come in, ends the runners. */
  close(): Promise<void>;
}

/**
 * Starts a model server, and resolves when every model has been tried. Rejects with a `Problem` in words for the user
 * when the repository cannot be read, a port cannot be had, or no model at all can be served.
 */
export async function serveModels(settings: ModelServerSettings, log: Logger): Promise<ModelServer> {
  const repository = openRepository(settings.repository, process.env);
  const names = await modelNames(settings, await repository.list());
  const metrics = new ServingMetrics();
  const loadTimes = new Map<ServedVersion, LoadTimes>();
  const faults = new FaultInjector(settings.faults.seed);
  if (settings.faults.initial) faults.set(settings.faults.initial);

  const events = versionEvents({ log, metrics, loadTimes, onState: () => service.healthChanged() });
  const catalogue = new Catalogue({
    shelf: repository,
    policyOf: (model) => settings.models.get(model) ?? settings.versionPolicy,
    open: ({ model, version, source }) => new ServedVersion({ ...settings, model, version, source }, events),
  });
  const inference = new Inference({
    catalogue,
    metrics,
    faultFor: (model, version) => faults.next(model, version),
    onCall: (record) => log.debug({ ...record.labels, ...record, labels: undefined }, 'call'),
  });
  const load = new LoadMeter({ versions: () => catalogue.all(), answered: () => inference.answered });
  const service: ModelService = new ModelService({
    catalogue,
    inference,
    load,
    productVersion: '0.1.0',
    strictReadiness: settings.strictReadiness,
    degraded: () => false,
  });
  registerGauges(metrics.registry, {
    versions: () => catalogue.all(),
    loadTimes: (version) => loadTimes.get(version),
  });

  const app = createApp({
    service,
    registry: metrics.registry,
    faults: settings.faults.overHttp ? faults : undefined,
  });
  const http = await listenHttp(app.fetch, settings.http);
  const grpc = await serveGrpc(service, settings.grpc).catch((error: Error) => {
    http.close();
    throw listenProblem('gRPC', settings.grpc, error);
  });
  const unwatchFaults = settings.faults.file
    ? watchFaultFile(settings.faults.file, {
        onFault: (fault) => {
          faults.set(fault);
          log.info({ fault }, 'fault in force');
        },
        onInvalid: (message) =>
          log.error({ file: settings.faults.file }, `fault file is not valid: ${message}`),
      })
    : async () => undefined;

  const drain = async () => {
    service.startDraining();
    await new Promise((resolve) => setTimeout(resolve, settings.drainDelayMs));
    await grpc.close(settings.drainGraceMs);
    await catalogue.close();
    http.close();
    load.close();
    clearInterval(poll);
    await unwatchFaults();
  };
  const poll = settings.pollMs > 0 ? setInterval(() => void refresh(), settings.pollMs) : undefined;
  const refresh = async () => {
    try {
      await catalogue.refresh(await modelNames(settings, await repository.list()));
    } catch (thrown) {
      log.warn(`the repository is not refreshed: ${(thrown as Error).message}`);
    }
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= drain();
    return closed;
  };
  await catalogue.refresh(names);
  if (!catalogue.all().some((version) => version.state === 'READY' || version.state === 'LOADING')) {
    await close();
    throw new Problem('FAILED_PRECONDITION', 'no model could be loaded');
  }
  const runnerPids = () =>
    new Map(
      catalogue
        .all()
        .map(({ settings: { model, version }, runnerPid }) => [`${model}/${version}`, runnerPid ?? 0]),
    );
  return { grpcPort: grpc.port, httpPort: http.port, runnerPids, close };
}

async function modelNames(
  settings: ModelServerSettings,
  stored: readonly { model: string; version: string }[],
) {
  const present = new Set(stored.map(({ model }) => model));
  const known = [...present].join(', ') || 'none';
  for (const [model, policy] of settings.models) {
    const versions = policy?.kind === 'specific' ? policy.versions : [];
    const missing = versions.find(
      (version) => !stored.some((one) => one.model === model && one.version === version),
    );
    if (!present.has(model)) throw missingProblem(settings, `has no model "${model}"; its models: ${known}`);
    if (missing === undefined) continue;
    const there = stored.filter((one) => one.model === model).map(({ version }) => version);
    throw missingProblem(
      settings,
      `has no version "${missing}" of "${model}"; its versions: ${there.join(', ')}`,
    );
  }
  if (present.size === 0) throw missingProblem(settings, 'has no model; expected NAME/VERSION/model.onnx');
  return settings.models.size > 0 ? [...settings.models.keys()] : [...present];
}

function missingProblem({ repository }: ModelServerSettings, what: string): Problem {
  return new Problem('NOT_FOUND', `the model repository ${repository.location} ${what}`);
}

function listenHttp(
  fetch: Parameters<typeof serveNode>[0]['fetch'],
  { address, port }: ModelServerSettings['http'],
): Promise<{ port: number; close: () => void }> {
  return new Promise((resolve, reject) => {
    const server = serveNode({ fetch, hostname: address, port }, (bound) =>
      resolve({
        port: bound.port,
        close: () => {
          server.close();
          if ('closeIdleConnections' in server) server.closeIdleConnections();
        },
      }),
    );
    server.on('error', (error: Error) => reject(listenProblem('HTTP', { address, port }, error)));
  });
}

function listenProblem(
  protocol: string,
  { address, port }: { address: string; port: number },
  error: Error,
): Problem {
  const inUse = error.message.includes('EADDRINUSE') || error.message.includes('No address added');
  const why = inUse ? 'the port is in use; choose another, or 0 for any free one' : error.message;
  return new Problem('UNAVAILABLE', `cannot listen for ${protocol} on ${address}:${port}: ${why}`);
}
