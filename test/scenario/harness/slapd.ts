// A real directory: Debian's slapd with a configuration and a database of its own, in a folder of
// the test's, ended by its pid.
//
//   dc=example,dc=com
//   ├─ ou=people     uid=…   alice is in staff and it; locked in staff; what a test adds
//   ├─ ou=groups     cn=staff, cn=it
//   ├─ ou=services   cn=vpn  whom the server searches as
//   └─ ou=policies   what ppolicy enforces; cn=short: passwords live for a second
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Program, type ProgramOptions } from './program.ts';
import { eventually } from './wait.ts';

export const BASE_DN = 'dc=example,dc=com';
export const PEOPLE = `ou=people,${BASE_DN}`;
export const GROUPS = `ou=groups,${BASE_DN}`;
export const SERVICE = { dn: `cn=vpn,ou=services,${BASE_DN}`, password: 'to search with' };

const ROOT = { dn: `cn=root,${BASE_DN}`, password: 'root of the tree' };
const START_TIMEOUT_MS = 10_000;
const EDIT_TIMEOUT_MS = 10_000;

export interface SlapdOptions {
  /** Empty, or not there yet. */
  readonly folder: string;
  /** Where it listens: ldap:// and ldaps:// URLs. */
  readonly urls: readonly string[];
  /** PEM files; without them it speaks no TLS. */
  readonly tls?: { readonly certificatePath: string; readonly keyPath: string };
  /** Lines for slapd.conf, ahead of the database. */
  readonly lines?: readonly string[];
  /** People besides alice and locked, and whatever else, as LDIF. */
  readonly ldif?: string;
  /** Who may read besides the service: "anonymous". */
  readonly readers?: readonly string[];
  /** Starts programs somewhere else: a host of a lab. */
  readonly spawn?: (program: string, args: readonly string[], options?: ProgramOptions) => Program;
}

export class Slapd {
  readonly #options: SlapdOptions;
  program: Program;

  private constructor(options: SlapdOptions) {
    this.#options = options;
    mkdirSync(path.join(options.folder, 'db'), { recursive: true });
    writeFileSync(path.join(options.folder, 'slapd.conf'), configuration(options));
    this.program = this.#launch();
  }

  /** Starts it with the people above. */
  static async start(options: SlapdOptions): Promise<Slapd> {
    const slapd = new Slapd(options);
    await slapd.#ready();
    // With ldapadd: slapadd fills in neither memberOf nor what ppolicy keeps.
    await slapd.add(`${TREE}\n${options.ldif ?? ''}`);
    await slapd.modify(LOCK);
    return slapd;
  }

  add(ldif: string): Promise<void> {
    return this.#edit('ldapadd', ldif);
  }

  modify(ldif: string): Promise<void> {
    return this.#edit('ldapmodify', ldif);
  }

  /** Ends it; `startAgain` begins with the same data. */
  stop(): Promise<unknown> {
    return this.program.stop();
  }

  async startAgain(): Promise<void> {
    this.program = this.#launch();
    await this.#ready();
  }

  #launch(): Program {
    const { folder, urls } = this.#options;
    // -d keeps it in the foreground; "stats" names connections and operations.
    return this.#spawn('/usr/sbin/slapd', [
      ...['-f', path.join(folder, 'slapd.conf'), '-h', urls.join(' '), '-d', 'stats'],
    ]);
  }

  /** It says that it is starting before it listens. */
  async #ready(): Promise<void> {
    await eventually('slapd answers', START_TIMEOUT_MS, async () => {
      if (!this.program.running) throw new Error(`slapd ended:\n${this.program.output}`);
      await this.#edit('ldapwhoami');
      return true;
    });
  }

  /** Without blocking: slapd waits for us to read what it says. */
  async #edit(program: string, input = ''): Promise<void> {
    const url = this.#options.urls.find((one) => one.startsWith('ldap://')) ?? '';
    const args = ['-x', '-H', url, '-D', ROOT.dn, '-w', ROOT.password];
    const edit = this.#spawn(program, args, { input });
    const { code } = await edit.waitForExit(EDIT_TIMEOUT_MS);
    if (code !== 0) throw new Error(`${program}: ${edit.output.slice(-2000)}`);
  }

  #spawn(program: string, args: readonly string[], options?: ProgramOptions): Program {
    const { spawn } = this.#options;
    return spawn?.(program, args, options) ?? new Program(program, args, options);
  }
}

/** One inetOrgPerson as LDIF, password '' = none; `lines` are further attributes. */
export const person = (uid: string, password: string, ...lines: readonly string[]): string =>
  [
    ...[`dn: uid=${uid},${PEOPLE}`, 'objectClass: inetOrgPerson', `uid: ${uid}`],
    ...[
      `cn: ${uid}`,
      `sn: ${uid}`,
      ...(password === '' ? [] : [encoded(password)]),
      ...lines,
      '',
      '',
    ],
  ].join('\n');

/** One groupOfNames as LDIF. */
export const group = (name: string, ...uids: readonly string[]): string =>
  [
    ...[`dn: cn=${name},${GROUPS}`, 'objectClass: groupOfNames', `cn: ${name}`],
    ...[...uids.map((uid) => `member: uid=${uid},${PEOPLE}`), '', ''],
  ].join('\n');

/** As base64: a text that begins with a blank would lose it. */
const encoded = (password: string): string =>
  `userPassword:: ${Buffer.from(password).toString('base64')}`;

/** A certificate authority and a certificate that it signed, as files; made by openssl. */
export function makeDirectoryCertificate(
  folder: string,
  names: readonly string[],
): { readonly caPath: string; readonly certificatePath: string; readonly keyPath: string } {
  mkdirSync(folder, { recursive: true });
  const file = (name: string): string => path.join(folder, name);
  const request = (subject: string, name: string, ...args: readonly string[]): void => {
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
        ...['-subj', `/CN=${subject}`, '-days', '1', ...args],
        ...['-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)],
      ],
      { stdio: 'pipe' },
    );
  };
  request('directory authority', 'ca');
  request(
    ...(['directory', 'server', '-CA', file('ca.pem'), '-CAkey', file('ca.key')] as const),
    ...['-addext', `subjectAltName=${names.join(',')}`, '-addext', 'basicConstraints=CA:FALSE'],
  );
  return {
    caPath: file('ca.pem'),
    certificatePath: file('server.pem'),
    keyPath: file('server.key'),
  };
}

const configuration = ({ folder, tls, lines = [], readers = [] }: SlapdOptions): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
moduleload argon2
pidfile ${folder}/slapd.pid
argsfile ${folder}/slapd.args
${tls === undefined ? '' : `TLSCertificateFile ${tls.certificatePath}\nTLSCertificateKeyFile ${tls.keyPath}`}
${lines.join('\n')}
database mdb
suffix "${BASE_DN}"
rootdn "${ROOT.dn}"
rootpw "${ROOT.password}"
directory ${folder}/db
# The data lives as long as the test.
dbnosync
overlay memberof
overlay ppolicy
ppolicy_default "cn=default,ou=policies,${BASE_DN}"
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${SERVICE.dn}" read ${readers.map((who) => `by ${who} read`).join(' ')}
`;

const unit = (name: string): string =>
  `dn: ou=${name},${BASE_DN}\nobjectClass: organizationalUnit\nou: ${name}\n`;

const policy = (name: string, ...lines: readonly string[]): string =>
  [
    ...[`dn: cn=${name},ou=policies,${BASE_DN}`, 'objectClass: device', 'objectClass: pwdPolicy'],
    ...[`cn: ${name}`, 'pwdAttribute: userPassword', 'pwdLockout: TRUE', ...lines, ''],
  ].join('\n');

const TREE = [
  `dn: ${BASE_DN}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n`,
  ...['people', 'groups', 'services', 'policies'].map(unit),
  policy('default', 'pwdMustChange: TRUE'),
  policy('short', 'pwdMaxAge: 1'),
  policy('grace', 'pwdMaxAge: 1', 'pwdGraceAuthNLimit: 5'),
  `dn: ${SERVICE.dn}\nobjectClass: device\nobjectClass: simpleSecurityObject\ncn: vpn\nuserPassword: ${SERVICE.password}\n`,
  person('alice', 's3cret'),
  person('locked', 's3cret'),
  group('staff', 'alice', 'locked'),
  group('it', 'alice'),
].join('\n');

const LOCK = `dn: uid=locked,${PEOPLE}
changetype: modify
add: pwdAccountLockedTime
pwdAccountLockedTime: 000001010000Z
`;
