import { pino } from 'pino';
import { AnchorWatch } from '../controller/anchor-watch.ts';
import { Controller, type ControllerOptions } from '../controller/controller.ts';
import { InboundSidecars } from '../controller/inbound-sidecars.ts';
import { MeshPublisher } from '../controller/mesh-publisher.ts';
import type { SpecIndex } from '../core/decide/spec-index.ts';
import type { LoadReport } from '../core/signals/load-report.ts';
import { tellsOfTrouble } from '../core/signals/trouble.ts';
import { Confirmations } from '../notify/confirmations.ts';
import { openStateStore, type StateStore } from '../state/state-store.ts';
import { serveXds } from '../xds/xds-server.ts';
import { AckTimes } from './ack-times.ts';
import { withAuditedRefusals } from './audited-commands.ts';
import { openReplica } from './cluster/open-replica.ts';
import { controlPlane } from './control-plane.ts';
import { encodeForPool } from './encode.ts';
import { followSpecs } from './follow-specs.ts';
import { splitAddress } from './host-port.ts';
import { LookTimer } from './look-timer.ts';
import { openMeshSecurity } from './mesh-security.ts';
import { createMetrics, type PenstockMetrics } from './metrics.ts';
import { warnOfMissingCache } from './missing-cache.ts';
import { NodeAccess } from './node-access.ts';
import { openAdmin } from './open-admin.ts';
import { pruneByAge } from './prune-by-age.ts';
import { PushedLatencies } from './pushed-latencies.ts';
import { Reporting } from './reporting.ts';
import type { ServeOptions } from './serve-options.ts';
import { firstSpecs, openDiscovery, openSignals } from './sources.ts';
import { SpecsInForce } from './specs-in-force.ts';
import { registerStateGauges } from './state-gauges.ts';
import { noteLook, PrometheusWatch } from './supervision.ts';
import { penstockVersion } from './version.ts';
import { registerXdsGauges } from './xds-gauges.ts';
import { openXdsSecurity } from './xds-security.ts';
import { xdsSecurityWarnings } from './xds-security-options.ts';

/** Older decisions are not waited for any more after a restart. */
const FOLLOWED_DECISIONS = 50;

/**
 * Runs the control plane until SIGTERM or SIGINT. This is where everything is wired, and nothing decided.
 * Nothing is decided, told to a sidecar or saved before every address is listened on.
 * @throws when it cannot start: bad specs, state that cannot be used, an address that cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const log = pino({ level: options.logLevel, base: null }, pino.destination({ dest: 2, sync: true }));
  const specs = new SpecsInForce(options.kubernetes ? ['kubernetes'] : options.file);
  const index = options.kubernetes ? undefined : await firstSpecs(specs, options.file, log);
  const replica = closing.adopt(await openReplica(options, log), (opened) => opened?.close());
  const store = closing.adopt(openStateStore(options.state), (opened) => opened.close());
  if (options.state === undefined && replica === undefined)
    log.warn('state is kept in memory only; give --state DIR to keep it over a restart');

  const metrics = createMetrics();
  const latencies = new PushedLatencies(metrics.registry, Date.now);
  const reporting = closing.use(
    new Reporting({
      store,
      metrics: metrics.report,
      files: options.file,
      otlpEndpoint: options.otlpEndpoint,
      log,
    }),
  );
  const ackTimes = new AckTimes();
  const loadReportAt = new Map<string, number>();
  const signals = closing.adopt(openSignals(options), (opened) => opened.close());
  // Undefined until the first look: a sidecar that comes sooner would be told an empty mesh.
  let told: MeshPublisher | undefined;
  let lookSoon = (): void => {};
  let hurry = (): void => {};
  const anchors = new AnchorWatch();
  const judgeBy = (report: LoadReport): void => {
    signals.onLoadReport(report);
    anchors.take(report);
    if (tellsOfTrouble(report)) hurry();
  };
  const inbound = new InboundSidecars();
  const security = await openXdsSecurity(options);
  for (const warning of xdsSecurityWarnings(options)) log.warn(warning);
  const mesh = closing.adopt(await openMeshSecurity(options, log), (opened) => opened?.close());
  const access = new NodeAccess(() => told, security.policy);
  const xds = await serveXds({
    address: options.xdsAddress,
    ...(security.credentials && { tls: security.credentials }),
    ...(mesh && { secrets: mesh.source }),
    workers: options.xdsWorkers,
    metrics: metrics.xds,
    settings: { loadReportIntervalMs: options.loadReportInterval },
    nodes: access.directory(),
    listener: {
      loadReport(report) {
        loadReportAt.set(report.nodeId, report.at);
        if (replica?.handOn({ load: report }) !== true) judgeBy(report);
      },
      latencyReport(report) {
        latencies.take(report);
        if (replica?.handOn({ latency: report }) !== true) signals.onLatencyReport(report);
      },
      acknowledged: ({ afterMs }) => ackTimes.add(afterMs),
      rejected: ({ nodeId, typeUrl, rejection }) =>
        log.warn(
          { sidecar: nodeId, type: typeUrl, names: rejection.names },
          `rejected: ${rejection.message}`,
        ),
      // A new sidecar has its share of a global limit before it asks for it.
      connected: (node, { address, identity }) => {
        access.connected(node.id, identity);
        if (inbound.connected(node, address)) lookSoon();
      },
      disconnected: (node) => {
        access.disconnected(node.id);
        loadReportAt.delete(node.id);
        if (inbound.disconnected(node)) told?.forget(node);
      },
      refused: ({ peer, reason }) => log.warn({ peer }, reason),
      workerLost: (event) =>
        log.error(event, 'a worker of the xDS server ended; another one takes its place'),
    },
  });
  closing.defer(() => xds.close());
  closing.adopt(security.follow(xds, access, log), (followed) => followed.close());
  const publisher = new MeshPublisher(xds, encodeForPool, (service, error) =>
    log.error({ service, err: error }, 'this service cannot be translated; its configuration stays as it is'),
  );
  const endpoints = closing.adopt(openDiscovery(options, replica?.pods), (opened) => opened.close());
  const confirmer = new Confirmations({ onAnswer: () => timer.now() });
  closing.defer(() => confirmer.close());
  const controller = openController(store, {
    ...{ publisher, signals, endpoints, confirmer, anchors, log },
    inbound: { of: (service) => [...inbound.of(service), ...(replica?.inboundElsewhere(service) ?? [])] },
    ...(replica === undefined
      ? {}
      : { elsewhere: (service) => replica.progressElsewhere(service), workloads: replica.workloads }),
    saver: replica?.saver(reporting) ?? reporting,
    ...(options.fallbackCache === undefined ? {} : { fallbackCache: splitAddress(options.fallbackCache) }),
  });
  const prometheus = new PrometheusWatch(options.prometheus, signals, log);
  const timer = new LookTimer(
    () => {
      // Half of the truth would empty versions, and take weights back.
      if (replica?.ready() === false) return;
      replica?.beforeLook();
      look(controller, metrics, specs, prometheus);
      told = publisher;
    },
    () => controller.intervalMs(options.interval),
  );
  closing.defer(() => timer.stop());
  lookSoon = () => controller.dividesLimits && timer.soon();
  hurry = () => timer.sooner();
  const startedAt = Date.now();
  const plane = controlPlane({
    controller,
    xds,
    ackTimes,
    decisions: (filter) => store.decisions(filter),
    audit: (after, limit) => store.audit.page(after, limit),
    limitFlow: (limit) => signals.flowOf(limit, Date.now()),
    loadReportAt: (nodeId) => loadReportAt.get(nodeId),
    environment: () => ({
      version: penstockVersion(),
      startedAt,
      specs: specs.status(),
      prometheus: prometheus.status(),
    }),
    overlaps: (service) => endpoints.overlaps(service),
    notReady: () => (told === undefined ? 'the specs are not known yet' : undefined),
    replica,
    lookNow: () => timer.now(),
    now: Date.now,
  });
  registerXdsGauges(metrics.registry, xds);
  registerStateGauges(metrics.registry, { controlPlane: plane, views: () => controller.views() });
  const admin = closing.use(
    await openAdmin(options, log, {
      registry: metrics.registry,
      plane: withAuditedRefusals(plane, (actions) => reporting.audit(actions), Date.now),
    }),
  );
  const configure = (changed: SpecIndex): void => {
    controller.configure(changed, () => timer.soon());
    reporting.configured(changed, Date.now());
    warnOfMissingCache(changed, options, log);
  };
  if (index !== undefined) configure(index);
  await replica?.meet({
    ...{ controller, publisher, inbound },
    onLoadReport: judgeBy,
    onLatencyReport: (report) => signals.onLatencyReport(report),
  });
  replica?.start({
    controller,
    plane,
    lookSoon: () => timer.soon(),
    onSpecs: (objects, problems) => configure(specs.takeObjects(objects, problems, Date.now())),
  });
  if (options.extensionAddress !== undefined) {
    // It brings the client of Kubernetes, which is large.
    const { openExtension } = await import('./extension.ts');
    closing.use(
      await openExtension(options.extensionAddress, options, { controller, registry: metrics.registry, log }),
    );
  }
  // The first to go: another takes over while this one still serves.
  closing.defer(() => replica?.close());
  timer.now();
  if (options.kubernetes)
    process.on('SIGHUP', () => log.info('the objects of the cluster are followed anyway'));
  else closing.use(followSpecs(options.file, specs, { configure, look: () => timer.now(), log }));
  closing.use(pruneByAge(store, options.auditRetention));
  log.info(
    { xds: `${xds.address}:${xds.port}`, admin: `${admin.address}:${admin.port}`, pid: process.pid },
    'serving',
  );

  await new Promise<void>((resolve) => process.once('SIGTERM', resolve).once('SIGINT', resolve));
  log.info('stopping; sidecars keep their configuration');
}

function openController(
  store: StateStore,
  ports: Omit<ControllerOptions, 'saved' | 'latestDecisions'>,
): Controller {
  return new Controller({
    ...ports,
    saved: store.load(),
    latestDecisions: store.decisions({ limit: FOLLOWED_DECISIONS }),
  });
}

function look(
  controller: Controller,
  metrics: PenstockMetrics,
  specs: SpecsInForce,
  prometheus: PrometheusWatch,
): void {
  const end = metrics.lookSeconds.startTimer();
  controller.look(Date.now());
  end();
  prometheus.look(Date.now());
  noteLook(metrics, controller, specs, prometheus);
}
