// Certificates, state and secrets: what is on the disk.
import { X509Certificate } from 'node:crypto';
import { existsSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import * as tls from 'node:tls';
import type { Config, HostConfig } from '../../../config/schema.ts';
import { WolfguardError } from '../../../core/error.ts';
import type { EpochMs } from '../../../core/units.ts';
import { readTlsFiles } from '../../../server/tls_files.ts';
import { pemBlocks } from '../../../core/x509/pem.ts';
import type { CertificateFacts } from '../judge_certificates.ts';
import type { SecretFacts, StateFacts } from '../judge_files.ts';
import { isRoot, isWritable } from './programs.ts';

export type CertificateProbe =
  | { readonly kind: 'read'; readonly facts: CertificateFacts }
  /** The server would not start with them either. */
  | { readonly kind: 'failed'; readonly sentence: string };

/** What the server would serve with this configuration. */
export function probeCertificates(config: Config, now: EpochMs): CertificateProbe {
  try {
    const { hosts, certificates, lists } = readTlsFiles(config, now);
    const paths = [config, ...config.vhost].map((host) => host.tls.certificate);
    return {
      kind: 'read',
      facts: {
        hosts: hosts.map(({ name, certificates: served }, host) => ({
          name,
          certificates: served.map(({ chainPem }, index) => ({
            path: paths[host]?.[index] ?? '',
            chain: pemBlocks(Buffer.from(chainPem), 'CERTIFICATE').map(
              (pem) => new X509Certificate(pem),
            ),
          })),
        })),
        terms: [...certificates.terms, ...lists.terms],
        remarks: [...certificates.warnings, ...lists.warnings],
        trusted: trustedSubjects(),
        now,
      },
    };
  } catch (error) {
    if (!(error instanceof WolfguardError)) throw error;
    return { kind: 'failed', sentence: error.message };
  }
}

/** Of Node's own list and the machine's. */
const trustedSubjects = (): ReadonlySet<string> =>
  new Set(
    [...tls.rootCertificates, ...tls.getCACertificates('system')].map(
      (pem) => new X509Certificate(pem).subject,
    ),
  );

export function probeState({ state }: Config): StateFacts {
  const { dir } = state;
  const found = statSync(dir, { throwIfNoEntry: false });
  const parent = nearestFolder(dir);
  const facts = { path: dir, disk: diskOf(parent), isRoot: isRoot() };
  if (found === undefined) {
    return { ...facts, state: { kind: 'missing', parent, canMake: isWritable(parent) } };
  }
  if (!found.isDirectory()) return { ...facts, state: { kind: 'no-folder' } };
  return { ...facts, state: { kind: 'there', writable: isWritable(dir) } };
}

/** The folder itself, or the one above it that is there. */
function nearestFolder(folder: string): string {
  return existsSync(folder) || folder === path.dirname(folder)
    ? folder
    : nearestFolder(path.dirname(folder));
}

function diskOf(folder: string): StateFacts['disk'] {
  try {
    const { type, bavail, bsize } = statfsSync(folder);
    return { magic: type, freeBytes: bavail * bsize };
  } catch {
    return null;
  }
}

/** Every file with a secret that the configuration names, each once. */
export function probeSecrets(config: Config, configPath: string): SecretFacts[] {
  const named = [
    ...(config.camouflage.secret === '' ? [] : [{ path: configPath, key: 'camouflage.secret' }]),
    ...[config, ...config.vhost].flatMap(secretsOf),
  ];
  return [...new Map(named.map((file) => [file.path, file])).values()].map((file) => ({
    ...file,
    owner: ownerOf(file.path),
  }));
}

function secretsOf({ tls: { private_key, private_key_passphrase_file }, auth }: HostConfig) {
  const steps = new Set(auth.chain.flatMap((chain): readonly string[] => chain.steps));
  const of = (key: string, file: string | null, used = true): { path: string; key: string }[] =>
    used && file !== null ? [{ path: file, key }] : [];
  return [
    ...private_key.flatMap((file) => of('tls.private_key', file)),
    ...of('tls.private_key_passphrase_file', private_key_passphrase_file),
    ...of('auth.file.path', auth.file.path, steps.has('file')),
    ...of('auth.file.otp_path', auth.file.otp_path, steps.has('totp')),
    ...of('auth.radius.secret_file', auth.radius.secret_file, steps.has('radius')),
    ...of('auth.ldap.bind_password_file', auth.ldap.bind_password_file, steps.has('ldap')),
  ];
}

function ownerOf(file: string): SecretFacts['owner'] {
  try {
    const { uid, gid, mode } = statSync(file);
    return { uid, gid, mode };
  } catch {
    return null;
  }
}
