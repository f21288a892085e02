// Certificates, lists and responses made by another program than the one under test.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';

/** An authority in a folder of its own. */
export class OpensslAuthority {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-openssl-'));
  #made = 0;

  constructor(subject = '/O=Test/CN=Test CA') {
    this.run(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', subject, '-days', '30', '-keyout', 'ca.key', '-out', 'ca.pem'],
    );
    writeFileSync(this.file('index.txt'), '');
    writeFileSync(this.file('crlnumber'), '01\n');
    writeFileSync(
      this.file('ca.cnf'),
      '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ncertificate=ca.pem\nprivate_key=ca.key\n',
    );
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** Runs openssl in the folder. */
  run(...args: readonly string[]): string {
    return execFileSync('openssl', args, { cwd: this.folder, encoding: 'utf8', stdio: 'pipe' });
  }

  /**
   * Issues a certificate, `NAME.pem` and `NAME.key`, and gives its DER. `extensions`: lines as in
   * openssl's configuration, "subjectAltName=email:a@b".
   */
  issue(
    subject: string,
    extensions: readonly string[] = [],
    options: readonly string[] = [],
    name = `made-${++this.#made}`,
  ): Uint8Array {
    writeFileSync(this.file('extensions'), ['basicConstraints=CA:FALSE', ...extensions].join('\n'));
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    this.run(
      ...['req', '-new', ...(options.includes('-newkey') ? [] : key), '-nodes'],
      ...['-utf8', '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`, ...options],
    );
    this.run(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '20'],
      ...['-extfile', 'extensions', '-out', `${name}.pem`],
    );
    return new X509Certificate(readFileSync(this.file(`${name}.pem`))).raw;
  }

  /** Writes `NAME.crl` (PEM) and `NAME.crl.der`; the names of certificates are those to revoke. */
  revoke(name: string, certificates: readonly string[] = [], days = 7): void {
    for (const certificate of certificates) {
      this.run('ca', '-config', 'ca.cnf', '-revoke', `${certificate}.pem`);
    }
    this.run('ca', '-config', 'ca.cnf', '-gencrl', '-crldays', `${days}`, '-out', `${name}.crl`);
    this.run('crl', '-in', `${name}.crl`, '-outform', 'DER', '-out', `${name}.crl.der`);
  }

  /** Writes `NAME.ocsp`, a response for one certificate that holds for so many days. */
  respond(name: string, certificate: string, days = 7): void {
    const { serialNumber, subject } = new X509Certificate(
      readFileSync(this.file(`${certificate}.pem`)),
    );
    writeFileSync(
      this.file('ocsp-index'),
      `V\t491231235959Z\t\t${serialNumber}\tunknown\t/${subject.replaceAll('\n', '/')}\n`,
    );
    writeFileSync(this.file('ocsp-index.attr'), 'unique_subject = no\n');
    this.run(
      ...['ocsp', '-issuer', 'ca.pem', '-cert', `${certificate}.pem`, '-reqout', 'ocsp.request'],
    );
    this.run(
      ...['ocsp', '-index', 'ocsp-index', '-CA', 'ca.pem', '-rsigner', 'ca.pem', '-rkey', 'ca.key'],
      ...['-ndays', `${days}`, '-reqin', 'ocsp.request', '-respout', `${name}.ocsp`],
    );
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
