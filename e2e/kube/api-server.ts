import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../../src/demo/child.ts';
import { freePorts } from '../../src/demo/free-port.ts';
import { waitUntil } from '../../src/demo/wait-until.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { type KubernetesProgram, kubernetesProgram } from './programs.ts';

/** How a kubectl ended and what it said. */
export interface KubectlEnded {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A cold one on a machine with other work takes this long. */
const START_TIMEOUT_MS = 120_000;

/**
 * A real kube-apiserver with a real etcd, on loopback and ports of the system's choice, with RBAC. No pod runs here:
 * there is neither a scheduler nor a controller nor a node.
 */
export class ApiServer {
  readonly folder: string;
  readonly authority: CertificateAuthority;
  /** `https://127.0.0.1:PORT`; stays the same over a restart. */
  readonly url: string;
  /** Of `system:masters`. */
  readonly kubeconfig: string;
  readonly #etcdPort: number;
  readonly #port: number;
  readonly #moreFlags: readonly string[];
  #etcd: Child | undefined;
  #apiServer: Child | undefined;

  private constructor(
    folder: string,
    authority: CertificateAuthority,
    etcdPort: number,
    port: number,
    moreFlags: readonly string[],
  ) {
    this.#moreFlags = moreFlags;
    this.folder = folder;
    this.authority = authority;
    this.#etcdPort = etcdPort;
    this.#port = port;
    this.url = `https://127.0.0.1:${port}`;
    this.kubeconfig = join(folder, 'admin.kubeconfig');
  }

  /**
   * Starts both and waits until the API server is ready.
   * @param flags more of them for the API server
   */
  static async start(flags: readonly string[] = []): Promise<ApiServer> {
    const folder = mkdtempSync(join(tmpdir(), 'penstock-kube-'));
    const pki = join(folder, 'pki');
    mkdirSync(pki);
    const authority = await CertificateAuthority.create(pki);
    const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
    const server = new ApiServer(folder, authority, etcdPort, port, flags);
    await server.#prepare();
    server.#startEtcd(peerPort);
    await server.startApiServer();
    return server;
  }

  /** Runs kubectl as the administrator, or with another kubeconfig; never throws. */
  kubectl(args: readonly string[], { stdin = '', kubeconfig = this.kubeconfig } = {}): Promise<KubectlEnded> {
    return new Promise((resolve) => {
      const child = execFile(
        kubernetesProgram('kubectl'),
        ['--kubeconfig', kubeconfig, ...args],
        { timeout: 60_000, maxBuffer: 64 << 20, env: { ...process.env, HOME: this.folder } },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
      child.stdin?.end(stdin);
    });
  }

  /** Applies YAML or JSON as the administrator. @throws with what kubectl said */
  async apply(text: string): Promise<string> {
    const { code, stdout, stderr } = await this.kubectl(['apply', '-f', '-'], { stdin: text });
    if (code !== 0) throw new Error(`kubectl apply: ${stderr}`);
    return stdout;
  }

  /**
   * A kubeconfig for a user of these groups.
   * @returns its path
   */
  async kubeconfigFor(user: string, groups: readonly string[] = []): Promise<string> {
    const name = user.replaceAll(/[^\w-]/g, '-');
    const organisations = groups.map((group) => `/O=${group}`).join('');
    const { certFile, keyFile } = await this.authority.issue(name, `${organisations}/CN=${user}`, [
      `DNS:${name}`,
    ]);
    const file = join(this.folder, `${name}.kubeconfig`);
    writeFileSync(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          { name: 'e2e', cluster: { server: this.url, 'certificate-authority': this.authority.caFile } },
        ],
        users: [{ name, user: { 'client-certificate': certFile, 'client-key': keyFile } }],
        contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: name } }],
        'current-context': 'e2e',
      }),
    );
    return file;
  }

  /** Starts the API server and waits until it is ready; etcd has to be there. */
  async startApiServer(): Promise<void> {
    const child = this.#start('kube-apiserver', this.#flags());
    this.#apiServer = child;
    await waitUntil(
      'the API server is ready',
      async () => {
        if (!child.running()) return 'ended';
        return (await this.#ready()) === 200;
      },
      { timeoutMs: START_TIMEOUT_MS, everyMs: 100 },
    );
    if (!child.running()) throw new Error(`kube-apiserver ended:\n${this.log('kube-apiserver')}`);
  }

  /** SIGKILL: what a client sees when the machine goes away. etcd goes on. */
  async killApiServer(): Promise<void> {
    await this.#apiServer?.kill();
  }

  /** The memory of the API server and of etcd, bytes. */
  memory(): { readonly apiServer: number; readonly etcd: number } {
    const resident = (child: Child | undefined): number => {
      const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child?.pid}/status`, 'utf8')) ?? [];
      return Number(kilobytes) * 1024;
    };
    return { apiServer: resident(this.#apiServer), etcd: resident(this.#etcd) };
  }

  /** The last lines of what a program said. */
  log(program: 'etcd' | 'kube-apiserver'): string {
    return readFileSync(join(this.folder, `${program}.log`), 'utf8')
      .split('\n')
      .slice(-40)
      .join('\n');
  }

  /** Stops both, by their process ids, and removes what they wrote. */
  async stop(): Promise<void> {
    await this.#apiServer?.stop(2000);
    await this.#etcd?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    const names = ['IP:127.0.0.1', 'IP:10.96.0.1', 'DNS:localhost', 'DNS:kubernetes.default.svc'];
    await this.authority.issue('apiserver', '/CN=kube-apiserver', names);
    await this.authority.issue('front-proxy', '/CN=front-proxy', ['DNS:front-proxy']);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(
      this.#pki('service-account.key'),
      privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    );
    await this.kubeconfigFor('admin', ['system:masters']);
  }

  #startEtcd(peerPort: number): void {
    const [client, peer] = [`http://127.0.0.1:${this.#etcdPort}`, `http://127.0.0.1:${peerPort}`];
    this.#etcd = this.#start('etcd', [
      ...['--data-dir', join(this.folder, 'etcd')],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `default=${peer}`],
      // Nobody needs what a test wrote after the machine lost its power.
      '--unsafe-no-fsync',
    ]);
  }

  #flags(): readonly string[] {
    const signer = this.#pki('service-account.key');
    return [
      ...['--etcd-servers', `http://127.0.0.1:${this.#etcdPort}`],
      ...[
        '--bind-address',
        '127.0.0.1',
        '--advertise-address',
        '127.0.0.1',
        '--secure-port',
        `${this.#port}`,
      ],
      ...['--endpoint-reconciler-type', 'none', '--service-cluster-ip-range', '10.96.0.0/16'],
      ...[
        '--tls-cert-file',
        this.#pki('apiserver.crt'),
        '--tls-private-key-file',
        this.#pki('apiserver.key'),
      ],
      ...['--client-ca-file', this.authority.caFile, '--authorization-mode', 'RBAC'],
      ...['--service-account-issuer', 'https://kubernetes.default.svc'],
      ...['--service-account-key-file', signer, '--service-account-signing-key-file', signer],
      // No controller makes the service accounts that pods would be refused for.
      ...['--disable-admission-plugins', 'ServiceAccount'],
      ...['--proxy-client-cert-file', this.#pki('front-proxy.crt')],
      ...['--proxy-client-key-file', this.#pki('front-proxy.key')],
      ...['--requestheader-client-ca-file', this.authority.caFile],
      ...['--requestheader-allowed-names', 'front-proxy'],
      ...['--requestheader-extra-headers-prefix', 'X-Remote-Extra-'],
      ...['--requestheader-group-headers', 'X-Remote-Group'],
      ...['--requestheader-username-headers', 'X-Remote-User'],
      ...['--enable-aggregator-routing', '--allow-privileged'],
      ...this.#moreFlags,
    ];
  }

  #start(name: KubernetesProgram, args: readonly string[]): Child {
    return startChild({
      name,
      command: kubernetesProgram(name),
      args,
      logFile: join(this.folder, `${name}.log`),
    });
  }

  /** What `/readyz` answers. */
  #ready(): Promise<number> {
    const [cert, key] = ['admin.crt', 'admin.key'].map((file) => readFileSync(this.#pki(file)));
    return new Promise((resolve, reject) => {
      const asked = request(`${this.url}/readyz`, { ca: this.authority.pem, cert, key }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
      });
      asked.once('error', reject);
      asked.setTimeout(5000, () => asked.destroy(new Error('no answer within 5 s')));
      asked.end();
    });
  }

  #pki(file: string): string {
    return join(this.folder, 'pki', file);
  }
}
