// What a sound configuration needs on the disk: certificate and key that fit each other, the
// password file, users and groups. Nothing is changed, and no password or key is shown.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { quote } from './kind.ts';
import type { Finding } from './problems.ts';
import type { Config } from './schema.ts';

/** Where the machine keeps its accounts. */
export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
  /** The folders of PAM's services; the first is the administrator's. */
  readonly pam: readonly string[];
}

/** The findings of all checks below. */
export const findDiskMistakes = (config: Config, accounts: AccountFiles): Finding[] => [
  ...checkTlsFiles(config),
  ...checkTlsLists(config),
  ...checkPasswordFile(config),
  ...checkOtpFile(config),
  ...checkLdapFiles(config),
  ...checkPamService(config, accounts),
  ...checkRadiusSecret(config),
  ...checkAccounts(config, accounts),
  ...checkLogDestination(config),
];

function checkTlsFiles({ tls }: Config): Finding[] {
  const { private_key_passphrase_file: passphraseFile } = tls;
  const passphrase = attempt('tls.private_key_passphrase_file', () =>
    passphraseFile === null ? undefined : (readText(passphraseFile).split(/\r?\n/, 1)[0] ?? ''),
  );
  if (!passphrase.ok) return [passphrase.finding];
  return tls.certificate.flatMap((certificatePath, index) => {
    const certificate = attempt('tls.certificate', () => leafOf(readText(certificatePath)));
    const key = attempt('tls.private_key', () =>
      privateKeyOf(readText(tls.private_key[index] ?? ''), passphrase.value),
    );
    if (certificate.ok && key.ok && !certificate.value.checkPrivateKey(key.value)) {
      const message = `is not the key of the certificate in ${quote(certificatePath)}`;
      return [finding('tls.private_key', message)];
    }
    return [certificate, key].flatMap((result) => (result.ok ? [] : [result.finding]));
  });
}

/** Asks the library that the engine will ask. */
function checkTlsLists({ tls }: Config): Finding[] {
  const groups = attempt('tls.groups', () => {
    if (tls.groups !== '') createSecureContext({ ecdhCurve: tls.groups });
  });
  const ciphers = attempt('tls.ciphers', () => {
    if (tls.ciphers !== '') createSecureContext({ ciphers: tls.ciphers, maxVersion: 'TLSv1.2' });
  });
  const refused = (key: string, value: string): Finding =>
    finding(key, `OpenSSL does not take ${quote(value)}`);
  return [
    ...(groups.ok ? [] : [refused('tls.groups', tls.groups)]),
    ...(ciphers.ok ? [] : [refused('tls.ciphers', tls.ciphers)]),
  ];
}

function checkPasswordFile({ auth }: Config): Finding[] {
  const result = attempt('auth.file.path', () => readText(auth.file.path));
  if (result.ok) return [];
  const suggestion = result.missing ? 'wolfguard passwd USER makes it' : result.finding.suggestion;
  return [{ ...result.finding, suggestion }];
}

function checkOtpFile({ auth }: Config): Finding[] {
  if (!auth.chain.some(({ steps }) => steps.includes('totp'))) return [];
  const result = attempt('auth.file.otp_path', () => readText(auth.file.otp_path));
  if (result.ok) return [];
  const suggestion = result.missing ? 'wolfguard otp USER makes it' : result.finding.suggestion;
  return [{ ...result.finding, suggestion }];
}

function checkLdapFiles({ auth }: Config): Finding[] {
  const { ca, bind_password_file: passwordFile } = auth.ldap;
  if (!auth.chain.some(({ steps }) => steps.includes('ldap'))) return [];
  const results = [
    attempt('auth.ldap.ca', () => ca !== null && leafOf(readText(ca))),
    attempt('auth.ldap.bind_password_file', () => {
      const empty = passwordFile !== null && /^\r?(\n|$)/.test(readText(passwordFile));
      if (empty) throw new Mismatch('the first line of the file is empty');
    }),
  ];
  return results.flatMap((result) => (result.ok ? [] : [result.finding]));
}

/** libpam takes the rules of "other" for a service that has no file, and writes names small. */
function checkPamService({ auth }: Config, { pam }: AccountFiles): Finding[] {
  if (!auth.chain.some(({ steps }) => steps.includes('pam'))) return [];
  const name = auth.pam.service.toLowerCase();
  // Without such folders libpam reads /etc/pam.conf.
  if (!pam.some((folder) => existsSync(folder))) return [];
  if (pam.some((folder) => existsSync(join(folder, name)))) return [];
  const message = `there is no PAM service ${quote(name)} here`;
  return [finding('auth.pam.service', message, `write ${join(pam[0] ?? '', name)}`)];
}

function checkRadiusSecret({ auth }: Config): Finding[] {
  const { secret_file: file } = auth.radius;
  if (file === null || !auth.chain.some(({ steps }) => steps.includes('radius'))) return [];
  const result = attempt('auth.radius.secret_file', () => {
    if (/^\r?(\n|$)/.test(readText(file))) {
      throw new Mismatch('the first line of the file is empty');
    }
  });
  return result.ok ? [] : [result.finding];
}

function checkAccounts({ workers, admin }: Config, accounts: AccountFiles): Finding[] {
  const check = (key: string, file: string, name: string, what: string): Finding[] => {
    const names = attempt(key, () => accountNames(readText(file)));
    if (!names.ok) return [names.finding];
    return names.value.has(name) ? [] : [finding(key, `there is no ${what} ${quote(name)} here`)];
  };
  return [
    ...check('workers.user', accounts.passwd, workers.user, 'user'),
    ...check('workers.group', accounts.group, workers.group, 'group'),
    ...(admin.group === '' ? [] : check('admin.group', accounts.group, admin.group, 'group')),
  ];
}

function checkLogDestination({ log }: Config): Finding[] {
  if (log.destination === 'stdout') return [];
  const folder = dirname(log.destination);
  const result = attempt('log.destination', () => {
    if (!statSync(folder).isDirectory()) throw new Mismatch(`${quote(folder)} is not a directory`);
  });
  return result.ok ? [] : [result.finding];
}

/** A file that can be read and holds something else than it should. */
class Mismatch extends Error {}

type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly missing: boolean; readonly finding: Finding };

function attempt<T>(key: string, action: () => T): Attempt<T> {
  try {
    return { ok: true, value: action() };
  } catch (error) {
    const { code, message, path } = error as NodeJS.ErrnoException;
    const missing = code === 'ENOENT';
    if (error instanceof Mismatch || path === undefined)
      return { ok: false, missing, finding: finding(key, message) };
    const why = readFailure(code, message);
    const hint = code === 'EACCES' ? 'run the check as root' : undefined;
    return {
      ok: false,
      missing,
      finding: finding(key, `cannot read ${quote(path)}: ${why}`, hint),
    };
  }
}

/** Words for the errors of reading a file. */
export function readFailure(code: string | undefined, message: string): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES') return 'permission denied';
  return code === 'EISDIR' ? 'it is a directory' : message;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Errors of read(2), unlike those of open(2), do not name the file.
    throw Object.assign(error as NodeJS.ErrnoException, { path });
  }
}

/** Reads the whole chain and returns its first certificate. */
function leafOf(pem: string): X509Certificate {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  const [leaf] = blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new Mismatch(`certificate ${index + 1} of the file is damaged`);
    }
  });
  if (leaf === undefined) throw new Mismatch('the file holds no certificate in PEM form');
  return leaf;
}

function privateKeyOf(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch (error) {
    const locked = (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
    if (!locked && !pem.includes('ENCRYPTED')) {
      throw new Mismatch('the file holds no private key in PEM form');
    }
    throw new Mismatch(
      passphrase === undefined
        ? 'the key has a passphrase, and nobody is there to type it: name a file with it in tls.private_key_passphrase_file'
        : 'the passphrase in tls.private_key_passphrase_file does not open the key',
    );
  }
}

/** The first fields of passwd(5) or group(5) lines. */
const accountNames = (text: string): Set<string> =>
  new Set(text.split('\n').map((line) => line.split(':')[0] ?? ''));

const finding = (key: string, message: string, suggestion?: string): Finding => ({
  path: key.split('.'),
  at: 'value',
  key,
  message: `${key}: ${message}`,
  suggestion,
});
