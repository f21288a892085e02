// A directory of people for the tests of the step "ldap", and backends that ask it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LdapServerAddress } from '../../../../core/ipc/auth.ts';
import { LdapBackend } from '../../../../server/auth/ldap_backend.ts';
import type { LdapBackendOptions } from '../../../../server/auth/ldap_backend.ts';
import {
  GROUPS,
  PEOPLE,
  SERVICE,
  Slapd,
  makeDirectoryCertificate,
} from '../../../scenario/harness/slapd.ts';
import { verify } from './backend_suite.ts';
import { freePort } from './ldap_peers.ts';
import { LogRecorder } from './log_recorder.ts';

export class LdapFixture {
  readonly log = new LogRecorder();
  readonly slapd: Slapd;
  /** Its authority, its certificate for "localhost". */
  readonly tls: ReturnType<typeof makeDirectoryCertificate>;
  readonly tlsPort: number;
  readonly plain: LdapServerAddress;
  readonly #folder: string;

  private constructor(
    folder: string,
    slapd: Slapd,
    ports: readonly [number, number],
    tls: LdapFixture['tls'],
  ) {
    this.#folder = folder;
    this.slapd = slapd;
    this.tls = tls;
    this.plain = server(ports[0]);
    this.tlsPort = ports[1];
    writeFileSync(this.file('secret'), `${SERVICE.password}\n`);
  }

  /** alice, locked and whoever stands in `ldif`. */
  static async start(ldif = ''): Promise<LdapFixture> {
    const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-ldap-'));
    const tls = makeDirectoryCertificate(path.join(folder, 'tls'), ['DNS:localhost']);
    const ports = [await freePort(), await freePort()] as const;
    const urls = [`ldap://127.0.0.1:${ports[0]}`, `ldaps://127.0.0.1:${ports[1]}`];
    const slapd = await Slapd.start({ folder: path.join(folder, 'slapd'), urls, tls, ldif });
    return new LdapFixture(folder, slapd, ports, tls);
  }

  async close(): Promise<void> {
    await this.slapd.stop();
    rmSync(this.#folder, { recursive: true });
  }

  /** A path in a folder that goes with the fixture. */
  file = (name: string): string => path.join(this.#folder, name);

  open = (options: Partial<LdapBackendOptions> = {}): LdapBackend =>
    new LdapBackend({ logger: this.log.logger, now: Date.now }, this.settings(options));

  settings = (options: Partial<LdapBackendOptions> = {}): LdapBackendOptions => ({
    servers: [this.plain],
    startTls: false,
    ca: null,
    bindDn: SERVICE.dn,
    bindPasswordFile: this.file('secret'),
    baseDn: PEOPLE,
    userFilter: '(uid={user})',
    groupBaseDn: GROUPS,
    groupFilter: '(member={dn})',
    groupAttribute: 'cn',
    ...options,
  });

  /** Alice cannot be asked about, and the newest line of this level (40, 50) says why. */
  assertUnavailable = async (backend: LdapBackend, reason: RegExp, level = 40): Promise<void> => {
    assert.deepEqual(await verify(backend, 'alice', 's3cret'), {
      kind: 'unavailable',
      reason: 'The directory cannot be asked',
    });
    assert.match(String(this.log.records(level).at(-1)?.['reason']), reason);
  };

  /** What slapd has said from `begin` on, once there are so many such lines. */
  slapdLines = async (begin: number, pattern: RegExp, least: number): Promise<string[]> => {
    for (let tries = 0; ; tries++) {
      const text = this.slapd.program.output.slice(begin);
      const lines = text.split('\n').filter((line) => pattern.test(line));
      if (lines.length >= least || tries > 100) return lines;
      await sleep(20);
    }
  };
}

/** A server on loopback without TLS. */
export const server = (port: number): LdapServerAddress => ({
  secure: false,
  host: '127.0.0.1',
  port,
});
