// A certificate authority and certificates of people, made by openssl as an administrator of ocserv
// would have made them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** ca.pem; alice.pem and bob.pem with keys, UID and CN their names, alice's OU "staff"; crl.pem names bob. */
export function makePeople(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => path.join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: 'pipe', cwd: folder });
  };
  openssl(
    ...['req', '-x509', ...key, '-subj', '/CN=people', '-days', '30'],
    ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
  );
  for (const [user, group] of [
    ['alice', '/OU=staff'],
    ['bob', ''],
  ] as const) {
    openssl(
      ...['req', '-x509', ...key, '-subj', `/CN=${user}${group}/UID=${user}`, '-days', '30'],
      ...['-CA', file('ca.pem'), '-CAkey', file('ca.key')],
      ...[
        '-addext',
        'basicConstraints=critical,CA:FALSE',
        '-addext',
        'extendedKeyUsage=clientAuth',
      ],
      ...['-keyout', file(`${user}.key`), '-out', file(`${user}.pem`)],
    );
  }
  writeFileSync(file('index.txt'), '');
  writeFileSync(file('crlnumber'), '01\n');
  writeFileSync(
    file('ca.cnf'),
    '[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=30\n',
  );
  const authority = ['-config', 'ca.cnf', '-keyfile', 'ca.key', '-cert', 'ca.pem'];
  openssl('ca', ...authority, '-revoke', 'bob.pem');
  openssl('ca', ...authority, '-gencrl', '-out', 'crl.pem');
}
