// A small authority of one's own in a folder: its certificate, key and revocation list, what it has
// issued, and an index of that.
//
//   ca.pem  ca.key  crl.pem  index.jsonl
//   servers/NAME.pem .key        clients/USER.pem .key .p12
import { X509Certificate } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { WolfguardError } from '../core/error.ts';
import type { EpochMs } from '../core/units.ts';
import { createAuthority, issueClientCertificate, issueServerCertificate } from './authority.ts';
import type { Issuing, KeyPairPem, Person } from './authority.ts';
import { readNamedFile, reasonOf, writeFileAtomically } from './files.ts';
import type { ServerIdentity } from './identity.ts';
import { addToIndex, readIndex } from './pki_index.ts';
import type { Issued, PkiIndex } from './pki_index.ts';
import { createRevocationList } from './revocation_list.ts';
import type { Revocation, RevocationReason } from './revocation_list.ts';

export interface PkiOptions {
  readonly folder: string;
  readonly now: EpochMs;
  /** Files that are there already are written anew. */
  readonly force: boolean;
}

/** Makes the bytes of a .p12 file. */
export type Bundler = (pair: KeyPairPem, chainPem: string) => Uint8Array;

/** All methods throw WolfguardError. Only one process at a time may change a folder. */
export class Pki {
  readonly #options: PkiOptions;

  constructor(options: PkiOptions) {
    this.#options = options;
  }

  get indexFile(): string {
    return this.#file('index.jsonl');
  }

  get index(): PkiIndex {
    return readIndex(this.indexFile);
  }

  /** Makes the folder, for its owner's eyes only. */
  makeFolder(): void {
    makeFolder(this.#options.folder);
  }

  /** Makes the authority and an empty revocation list; gives the files. */
  async makeAuthority(commonName: string, issuing: Issuing): Promise<string[]> {
    const { now } = this.#options;
    const files = [this.#file('ca.pem'), this.#file('ca.key')] as const;
    this.#refuseToOverwrite(files);
    const made = await createAuthority(commonName, now, issuing);
    this.#remember(made, 'authority', commonName);
    writePair(files, made);
    return [...files, await this.writeList(undefined)];
  }

  /** Issues a certificate for a server; gives the files. */
  async issueServer(identity: ServerIdentity, issuing: Issuing): Promise<string[]> {
    const name = [...identity.dnsNames, ...identity.addresses][0] ?? '';
    const files = this.#filesOf('servers', name, ['pem', 'key']);
    const authority = this.#authority();
    this.#refuseToOverwrite(files);
    const made = await issueServerCertificate(authority, identity, this.#options.now, issuing);
    this.#remember(made, 'server', name);
    writePair(files, made);
    return files;
  }

  /** Issues a certificate for a person; gives the files. */
  async issueClient(
    person: Person,
    issuing: Issuing,
    bundle: Bundler | undefined,
  ): Promise<string[]> {
    const files = this.#filesOf('clients', person.user, ['pem', 'key', 'p12']);
    const authority = this.#authority();
    this.#refuseToOverwrite(bundle === undefined ? files.slice(0, 2) : files);
    const made = await issueClientCertificate(authority, person, this.#options.now, issuing);
    const p12 = bundle?.(made, authority.certificatePem);
    this.#remember(made, 'client', person.user);
    writePair(files, made);
    if (p12 === undefined) return files.slice(0, 2);
    writeFileAtomically(files[2] ?? '', p12, 0o600);
    return files;
  }

  /** Takes certificates back, by file or serial number, and writes the list anew. */
  async revoke(what: string, reason: RevocationReason, days: number | undefined): Promise<Issued> {
    const issued = this.#find(what);
    if (issued.kind === 'authority') {
      throw new WolfguardError(
        'PKI',
        'an authority cannot revoke itself: take it out of tls.client_ca, and make a new one',
      );
    }
    const { revoked } = this.index;
    const before = revoked.get(issued.serial);
    if (before !== undefined) {
      const day = new Date(before.at).toISOString().slice(0, 10);
      throw new WolfguardError('PKI', `${issued.serial} (${issued.name}) was revoked on ${day}`);
    }
    this.#authority();
    const revocation: Revocation = { serial: issued.serial, at: this.#options.now, reason };
    addToIndex(this.indexFile, { event: 'revoked', ...revocation });
    await this.writeList(days);
    return issued;
  }

  /** Writes the revocation list anew, with the next number; gives the file. */
  async writeList(days: number | undefined): Promise<string> {
    const { now } = this.#options;
    const { revoked, listNumber } = this.index;
    const number = listNumber + 1;
    const revocations = [...revoked.values()];
    const list = await createRevocationList(this.#authority(), { number, revocations, days }, now);
    addToIndex(this.indexFile, { event: 'list', number, at: now });
    const file = this.#file('crl.pem');
    writeFileAtomically(file, list, 0o644);
    return file;
  }

  #file(...parts: readonly string[]): string {
    return path.join(this.#options.folder, ...parts);
  }

  #authority(): KeyPairPem {
    if (!existsSync(this.#file('ca.key'))) {
      throw new WolfguardError(
        'PKI',
        `there is no authority in ${this.#options.folder} yet: make one with "wolfguard cert ca"`,
      );
    }
    return {
      certificatePem: readNamedFile(this.#file('ca.pem'), "authority's certificate"),
      privateKeyPem: readNamedFile(this.#file('ca.key'), "authority's private key"),
    };
  }

  #filesOf(kind: 'servers' | 'clients', name: string, endings: readonly string[]): string[] {
    const folder = this.#file(kind);
    makeFolder(folder);
    return endings.map((ending) => path.join(folder, `${fileNameOf(name)}.${ending}`));
  }

  #refuseToOverwrite(files: readonly string[]): void {
    const there = this.#options.force ? undefined : files.find((file) => existsSync(file));
    if (there === undefined) return;
    throw new WolfguardError(
      'PKI_EXISTS',
      `${there} is there already: --force writes it anew; what was issued before stays valid until it is revoked`,
    );
  }

  /** Before the files are written: whatever goes wrong then can still be revoked. */
  #remember({ certificatePem }: KeyPairPem, kind: Issued['kind'], name: string): void {
    const { serialNumber, validToDate } = new X509Certificate(certificatePem);
    addToIndex(this.indexFile, {
      event: 'issued',
      at: this.#options.now,
      serial: serialNumber.toLowerCase(),
      kind,
      name,
      notAfter: validToDate.getTime(),
    });
  }

  #find(what: string): Issued {
    const { issued } = this.index;
    const isFile = existsSync(what);
    const serial = isFile ? serialIn(what) : what.toLowerCase().replaceAll(/[\s:]|^0x/g, '');
    const found = issued.get(serial);
    if (found !== undefined) return found;
    throw new WolfguardError(
      'PKI',
      isFile
        ? `the certificate in ${what} was not issued by the authority in ${this.#options.folder}`
        : `there is no file ${what}, and no certificate with that serial number: see "wolfguard cert list"`,
    );
  }
}

function serialIn(file: string): string {
  try {
    return new X509Certificate(readNamedFile(file, 'certificate')).serialNumber.toLowerCase();
  } catch (error) {
    if (error instanceof WolfguardError) throw error;
    throw new WolfguardError('PKI', `${file} holds no certificate in PEM form`);
  }
}

/** The key first: a crash in between leaves nothing that looks whole. */
function writePair(
  [certificateFile = '', keyFile = '']: readonly string[],
  { certificatePem, privateKeyPem }: KeyPairPem,
): void {
  writeFileAtomically(keyFile, privateKeyPem, 0o600);
  writeFileAtomically(certificateFile, certificatePem, 0o644);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new WolfguardError(
      'FILE_WRITE',
      `cannot write to the folder ${folder} (${reasonOf(error)}): run this as root, or choose another with --out`,
    );
  }
}

/** A name as a file's: nothing that leads out of the folder or hides in it. */
const fileNameOf = (name: string): string =>
  name.replaceAll(/[^\p{L}\p{N}@._+-]/gu, '_').replace(/^\./, '_');
