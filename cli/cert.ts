// `wolfguard cert`: a small authority of one's own, for servers and for people who log in with a
// certificate.
import process from 'node:process';
import type { Issuing, KeyPairPem } from '../certs/authority.ts';
import { readNamedFile } from '../certs/files.ts';
import { isDnsName } from '../certs/identity.ts';
import type { ServerIdentity } from '../certs/identity.ts';
import { Pki } from '../certs/pki.ts';
import type { Issued } from '../certs/pki_index.ts';
import type { Revocation, RevocationReason } from '../certs/revocation_list.ts';
import { WolfguardError } from '../core/error.ts';
import { formatIp, parseIp } from '../core/net/address.ts';
import { createPkcs12 } from '../native/pkcs12.ts';
import { withFileLock } from '../server/auth/file_lock.ts';
import { askHidden, readLine } from './hidden_prompt.ts';
import type { PasswordInput } from './hidden_prompt.ts';

/** Where the command reads and writes: the process's own streams unless a test gives others. */
export interface CertStreams {
  readonly input: PasswordInput;
  readonly output: { write(text: string): unknown };
  readonly errors: { write(text: string): unknown };
}

export interface CertOptions {
  readonly folder: string;
  readonly force: boolean;
}

export interface ClientWishes {
  readonly groups: readonly string[];
  readonly email: string | undefined;
  readonly upn: string | undefined;
  /** Its first line protects the .p12 file; undefined = ask. */
  readonly passphraseFile: string | undefined;
  /** No .p12 file. */
  readonly pemOnly: boolean;
  /** A .p12 file for programs older than 2020. */
  readonly legacy: boolean;
}

/** The commands; all throw WolfguardError. */
export class CertCommands {
  readonly #options: CertOptions;
  readonly #streams: CertStreams;
  readonly #now: number;

  constructor(
    options: CertOptions,
    streams: CertStreams = {
      input: process.stdin,
      output: process.stdout,
      errors: process.stderr,
    },
    now = Date.now(),
  ) {
    this.#options = options;
    this.#streams = streams;
    this.#now = now;
  }

  async authority(name: string, issuing: Issuing): Promise<void> {
    requireText(name, 'the name of the authority');
    const files = await this.#change((pki) => pki.makeAuthority(name, issuing));
    this.#tell(files);
    this.#say('in wolfguard.toml: [tls] client_ca is ca.pem and client_crl is crl.pem');
  }

  async server(names: readonly string[], issuing: Issuing): Promise<void> {
    const identity = parseNames(names);
    this.#tell(await this.#change((pki) => pki.issueServer(identity, issuing)));
  }

  async client(user: string, wishes: ClientWishes, issuing: Issuing): Promise<void> {
    const { groups, email, upn, pemOnly, legacy } = wishes;
    requireText(user, 'the user name');
    for (const group of groups) requireText(group, 'a group');
    if (email !== undefined && !/^[\x21-\x3f\x41-\x7e]+@[\x21-\x3f\x41-\x7e]+$/.test(email)) {
      throw new WolfguardError('USAGE', `${JSON.stringify(email)} is not an email address`);
    }
    if (upn !== undefined) requireText(upn, 'the UPN', 256);
    const passphrase = pemOnly ? '' : await this.#passphrase(wishes.passphraseFile);
    const bundle = ({ certificatePem, privateKeyPem }: KeyPairPem, chainPem: string): Uint8Array =>
      createPkcs12({ certificatePem, privateKeyPem, chainPem, name: user, passphrase, legacy });
    this.#tell(
      await this.#change((pki) =>
        pki.issueClient({ user, groups, email, upn }, issuing, pemOnly ? undefined : bundle),
      ),
    );
  }

  async revoke(what: string, reason: RevocationReason, days: number | undefined): Promise<void> {
    const issued = await this.#change((pki) => pki.revoke(what, reason, days));
    this.#say(`revoked ${issued.serial} (${issued.kind} ${issued.name}); crl.pem is new`);
  }

  async list(days: number | undefined): Promise<void> {
    this.#tell([await this.#change((pki) => pki.writeList(days))]);
  }

  /** A table of all that was issued. */
  show(): void {
    const { issued, revoked } = this.#pki().index;
    const rows = [...issued.values()].map((one) => [
      one.serial,
      one.kind,
      one.name,
      new Date(one.notAfter).toISOString().slice(0, 10),
      stateOf(one, revoked.get(one.serial), this.#now),
    ]);
    this.#streams.output.write(
      renderTable([['SERIAL', 'KIND', 'NAME', 'UNTIL', 'STATE'], ...rows]),
    );
  }

  #pki(): Pki {
    return new Pki({ ...this.#options, now: this.#now });
  }

  #change<T>(work: (pki: Pki) => Promise<T>): Promise<T> {
    const pki = this.#pki();
    pki.makeFolder();
    return withFileLock(pki.indexFile, () => work(pki));
  }

  #tell(files: readonly string[]): void {
    for (const file of files) this.#streams.output.write(`${file}\n`);
  }

  #say(text: string): void {
    this.#streams.errors.write(`${text}\n`);
  }

  async #passphrase(file: string | undefined): Promise<string> {
    if (file !== undefined) {
      return usable(readNamedFile(file, 'passphrase').split(/\r?\n/, 1)[0] ?? '');
    }
    const { input, errors } = this.#streams;
    if (input.isTTY !== true) return usable((await readLine(input)) ?? '');
    const questions = ['Passphrase for the .p12 file: ', 'The same again: '];
    const [first, second] = await askHidden(questions, input, errors);
    if (first != null && first !== second)
      throw new WolfguardError('USAGE', 'the passphrases differ, nothing done');
    return usable(first ?? '');
  }
}

function usable(passphrase: string): string {
  if (passphrase === '') {
    throw new WolfguardError(
      'USAGE',
      'no passphrase: give one, or --pem-only for a certificate and a key without a .p12 file',
    );
  }
  if (!/\p{Cc}/u.test(passphrase)) return passphrase;
  throw new WolfguardError('USAGE', 'the passphrase has control characters in it');
}

/** What a name in a certificate can hold [rfc5280, upper bounds]. */
function requireText(text: string, what: string, most = 64): void {
  if (text !== '' && text.length <= most && !/\p{Cc}/u.test(text)) return;
  throw new WolfguardError(
    'USAGE',
    `${what} has 1 to ${most} characters, and no control characters`,
  );
}

function parseNames(names: readonly string[]): ServerIdentity {
  const dnsNames: string[] = [];
  const addresses: string[] = [];
  for (const name of names) {
    const ip = parseIp(name);
    if (ip !== undefined) addresses.push(formatIp(ip));
    else if (isDnsName(name.replace(/^\*\./, ''))) dnsNames.push(name.toLowerCase());
    else {
      throw new WolfguardError(
        'USAGE',
        `${JSON.stringify(name)} is neither a name such as vpn.example.com nor an address`,
      );
    }
  }
  return { dnsNames: [...new Set(dnsNames)], addresses: [...new Set(addresses)] };
}

function stateOf(issued: Issued, revocation: Revocation | undefined, now: number): string {
  if (revocation !== undefined) return `revoked (${revocation.reason})`;
  return issued.notAfter <= now ? 'expired' : 'valid';
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const columns = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const renderRow = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(columns[column] ?? 0))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${renderRow(row)}\n`).join('');
}
