// What a sound configuration needs on the disk: certificate and key that fit each other, the
// password file, users and groups. Nothing is changed, and no password or key is shown.
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isLogDaemon, LOG_SOCKETS } from '../core/log/destinations.ts';
import type { EpochMs } from '../core/units.ts';
import { attempt, finding, Mismatch, readText } from './disk_files.ts';
import { findPolicyFileMistakes } from './disk_policy.ts';
import { findRouteFileMistakes } from './disk_routes.ts';
import { findTlsMistakes, leafOf } from './disk_tls.ts';
import { checkHooks } from './hook_files.ts';
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
export const findDiskMistakes = (
  config: Config,
  accounts: AccountFiles,
  now: EpochMs,
): Finding[] => [
  ...findTlsMistakes(config, now),
  ...checkPasswordFile(config),
  ...checkOtpFile(config),
  ...checkLdapFiles(config),
  ...checkPamService(config, accounts),
  ...checkRadiusSecret(config),
  ...checkAccounts(config, accounts),
  ...findPolicyFileMistakes(config),
  ...checkLogDestination(config),
  ...checkHooks(config),
  ...findRouteFileMistakes(config),
];

function checkPasswordFile({ auth, vhost }: Config): Finding[] {
  const chains = [auth, ...vhost.map((host) => host.auth)].flatMap(({ chain }) => chain);
  if (!chains.some(({ steps }) => steps.includes('file'))) return [];
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
  if (isLogDaemon(log.destination)) return checkLogSocket(LOG_SOCKETS[log.destination]);
  const folder = dirname(log.destination);
  const result = attempt('log.destination', () => {
    if (!statSync(folder).isDirectory()) throw new Mismatch(`${quote(folder)} is not a directory`);
  });
  return result.ok ? [] : [result.finding];
}

function checkLogSocket(socket: string): Finding[] {
  const result = attempt('log.destination', () => {
    if (!statSync(socket).isSocket()) throw new Mismatch(`${quote(socket)} is not a socket`);
  });
  return result.ok ? [] : [result.finding];
}

/** The first fields of passwd(5) or group(5) lines. */
const accountNames = (text: string): Set<string> =>
  new Set(text.split('\n').map((line) => line.split(':')[0] ?? ''));
