// What the step "ldap" takes from files: the password of the account that searches, and whose
// certificates are believed. Both are read at every login, so that a change counts at once.
import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import type { SecureContext } from 'node:tls';
import { LdapTrouble } from './trouble.ts';

/** The first line of the file. Throws LdapTrouble. */
export function readBindPassword(file: string): string {
  const password = readText('auth.ldap.bind_password_file', file).split(/\r?\n/, 1)[0] ?? '';
  if (password !== '') return password;
  // A name with an empty password binds as nobody, and directories say "success" to that.
  throw new LdapTrouble('setup', `auth.ldap.bind_password_file: ${file} is empty`);
}

export class LdapTrust {
  readonly #file: string | null;
  #pem: string | null = null;
  #context: SecureContext | null = null;

  /** `file`: certificates as PEM; null = those that this machine believes. */
  constructor(file: string | null) {
    this.#file = file;
  }

  /** Made anew only when the file has changed: that takes as long as many logins. Throws LdapTrouble. */
  context(): SecureContext {
    const pem = this.#file === null ? '' : readText('auth.ldap.ca', this.#file);
    if (this.#context === null || pem !== this.#pem) {
      this.#context = this.#newContext(pem);
      this.#pem = pem;
    }
    return this.#context;
  }

  #newContext(pem: string): SecureContext {
    if (this.#file === null) {
      return tls.createSecureContext({ ca: tls.getCACertificates('system') });
    }
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
      throw new LdapTrouble(
        'setup',
        `auth.ldap.ca: ${this.#file} holds no certificate in PEM form`,
      );
    }
    try {
      return tls.createSecureContext({ ca: pem });
    } catch (error) {
      throw new LdapTrouble('setup', `auth.ldap.ca: ${this.#file}: ${(error as Error).message}`);
    }
  }
}

function readText(key: string, file: string): string {
  try {
    // Synchronous: quicker than the way through the thread pool, where password hashes queue.
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new LdapTrouble('setup', `${key}: ${(error as Error).message}`);
  }
}
