import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate and its key, as files. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
/** Longer than any test, shorter than anybody's memory of it. */
const VALIDITY = ['-days', '7'];

/** An authority of its own in a folder, made by openssl; what it issues is good for clients and servers. */
export class CertificateAuthority {
  readonly #folder: string;
  readonly caFile: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.caFile = join(folder, 'ca.crt');
  }

  /** @param folder an empty one */
  static async create(folder: string): Promise<CertificateAuthority> {
    const authority = new CertificateAuthority(folder);
    const out = ['-keyout', authority.#file('ca.key'), '-out', authority.caFile];
    const uses = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign,digitalSignature'];
    await run('openssl', ['req', '-x509', ...KEY, ...VALIDITY, ...out, '-subj', '/CN=penstock-e2e', ...uses]);
    return authority;
  }

  /** The authority's certificate, PEM. */
  get pem(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /**
   * Issues a certificate, or the same once more.
   * @param name what its files are called
   * @param subject such as `/O=system:masters/CN=admin`: on Kubernetes a group and a user
   * @param names such as `IP:127.0.0.1` and `DNS:localhost`
   */
  async issue(name: string, subject: string, names: readonly string[]): Promise<Certificate> {
    const [keyFile, request, certFile] = ['key', 'csr', 'crt'].map((end) => this.#file(`${name}.${end}`)) as [
      string,
      string,
      string,
    ];
    const extensions = this.#file(`${name}.ext`);
    writeFileSync(extensions, `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    await run('openssl', ['req', '-new', ...KEY, '-keyout', keyFile, '-out', request, '-subj', subject]);
    const signer = ['-CA', this.caFile, '-CAkey', this.#file('ca.key'), '-CAcreateserial'];
    const files = ['-in', request, '-out', certFile, '-extfile', extensions];
    await run('openssl', ['x509', '-req', ...files, ...signer, ...VALIDITY]);
    return { certFile, keyFile };
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}
