import type { Logger } from 'pino';
import { openInferenceAudit } from './audit/inference-audit.ts';
import type { AnswerStore } from './cache/answers.ts';
import { openMemoryStore } from './cache/memory-store.ts';
import { openRedisStore } from './cache/redis-store.ts';
import { FaultInjector, watchFaultFile } from './faults/injector.ts';
import { serveInference } from './grpc/server.ts';
import { createApp } from './http/app.ts';
import { listenHttp } from './http/listen.ts';
import { Problem } from './protocol/problem.ts';
import { openRepository } from './repository/open.ts';
import type { Repository } from './repository/stored.ts';
import { wantedModels } from './repository/wanted.ts';
import { ModelService } from './service.ts';
import { Catalogue } from './serving/catalogue.ts';
import { Inference } from './serving/inference.ts';
import { ServedVersion } from './serving/version.ts';
import type { VersionSettings } from './serving/version-contract.ts';
import type { ModelServerSettings } from './settings.ts';
import { versionEvents } from './telemetry/events.ts';
import { type LoadTimes, registerGauges } from './telemetry/gauges.ts';
import { LoadMeter } from './telemetry/load.ts';
import { MemoryGuard } from './telemetry/memory-guard.ts';
import { ServingMetrics } from './telemetry/metrics.ts';
import { openCallLog } from './tracing/call-log.ts';

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
  const names = await namesIn(repository, settings);
  const parts = assemble(settings, log, repository);
  const { catalogue, service, metrics, faults } = parts;

  const app = createApp({
    service,
    registry: metrics.registry,
    faults: settings.faults.overHttp ? faults : undefined,
  });
  const http = await listenHttp(app, settings.http).catch(async (error: Error) => {
    await parts.close();
    throw listenProblem('HTTP', settings.http, error);
  });
  const grpc = await serveInference(service, settings.grpc).catch(async (error: Error) => {
    http.close();
    await parts.close();
    throw listenProblem('gRPC', settings.grpc, error);
  });

  const refresh = async () => {
    try {
      await catalogue.refresh(await namesIn(repository, settings));
    } catch (thrown) {
      log.warn(`the repository is not refreshed: ${(thrown as Error).message}`);
    }
  };
  let poll: NodeJS.Timeout | undefined;
  const drain = async () => {
    clearInterval(poll);
    service.startDraining();
    await new Promise((resolve) => setTimeout(resolve, settings.drainDelayMs));
    await grpc.close(settings.drainGraceMs);
    http.close();
    await parts.close();
  };
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= drain();
    return closed;
  };

  await catalogue.refresh(names);
  if (!catalogue.all().some((version) => version.state === 'READY' || version.state === 'LOADING')) {
    const reasons = catalogue
      .all()
      .map(({ settings: { model, version }, reason }) => `${model}/${version}: ${reason}`);
    await close();
    throw new Problem('FAILED_PRECONDITION', `no model could be loaded: ${reasons.join('; ')}`);
  }
  service.startServing();
  if (settings.pollMs > 0) poll = setInterval(() => void refresh(), settings.pollMs);
  const runnerPids = () =>
    new Map(
      catalogue
        .all()
        .map(({ settings: { model, version }, runnerPid }) => [`${model}/${version}`, runnerPid ?? 0]),
    );
  return { grpcPort: grpc.port, httpPort: http.port, runnerPids, close };
}

/** Puts together what answers calls; nothing listens yet and no model is loaded. */
function assemble(settings: ModelServerSettings, log: Logger, repository: Repository) {
  const metrics = new ServingMetrics();
  const loadTimes = new Map<VersionSettings, LoadTimes>();
  const faults = openFaults(settings, log);
  const store = openStore(settings, log);
  const calls = openCallLog(log, settings.otlpEndpoint);
  const audit =
    settings.audit &&
    openInferenceAudit(settings.audit, { random: Math.random, onTrouble: (words) => log.warn(words) });
  const memory = new MemoryGuard({
    bounds: settings.memoryBounds,
    onChange: (degraded, share) => log.warn({ degraded, share }, 'memory'),
  });
  const events = versionEvents({ log, metrics, loadTimes, onState: () => service.healthChanged() });
  const catalogue = new Catalogue({
    shelf: repository,
    policyOf: (model) => settings.models.get(model) ?? settings.versionPolicy,
    open: (stored) => new ServedVersion({ ...settings, ...stored }, events),
  });
  const inference = new Inference({
    catalogue,
    metrics,
    store,
    faultFor: (model, version) => faults.injector.next(model, version),
    onCall(record, request, outputs) {
      calls.add(record);
      audit?.add(record, request, outputs);
    },
  });
  const load = new LoadMeter({ versions: () => catalogue.all(), answered: () => inference.answered });
  const service: ModelService = new ModelService({
    catalogue,
    inference,
    load,
    productVersion: '0.1.0',
    strictReadiness: settings.strictReadiness,
    degraded: () => memory.degraded,
  });
  memory.register(metrics.registry);
  registerGauges(metrics.registry, {
    versions: () => catalogue.all(),
    loadTimes: (version) => loadTimes.get(version),
  });
  const close = async () => {
    await catalogue.close();
    load.close();
    memory.close();
    await Promise.all([calls.close(), audit?.close(), store?.close(), faults.close()]);
  };
  return { catalogue, service, metrics, faults: faults.injector, close };
}

function openStore({ cache }: ModelServerSettings, log: Logger): AnswerStore | undefined {
  const { maxBytes, ttlMs, redisUrl } = cache;
  if (redisUrl !== undefined)
    return openRedisStore({ url: redisUrl, ttlMs, onTrouble: (words) => log.warn(words) });
  return maxBytes > 0 ? openMemoryStore({ maxBytes, ttlMs, now: () => performance.now() }) : undefined;
}

function openFaults({ faults }: ModelServerSettings, log: Logger) {
  const injector = new FaultInjector(faults.seed);
  if (faults.initial) injector.set(faults.initial);
  if (faults.file === undefined) return { injector, close: async () => undefined };
  const { file } = faults;
  const close = watchFaultFile(file, {
    onFault(fault) {
      injector.set(fault);
      log.info({ fault }, 'fault in force');
    },
    onInvalid: (message) => log.error({ file }, `fault file is not valid: ${message}`),
  });
  return { injector, close };
}

async function namesIn(repository: Repository, { repository: { location }, models }: ModelServerSettings) {
  return wantedModels(location, models, await repository.list());
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
