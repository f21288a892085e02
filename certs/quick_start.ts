// The certificate files of the quick start: made at the first start, re-used at every other one,
// renewed in time with the same key, so that a pin that somebody has noted stays true.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { WolfguardError } from '../core/error.ts';
import type { EpochMs } from '../core/units.ts';
import { createAuthority, issueServerCertificate, type KeyPairPem } from './authority.ts';
import { readNamedFile, writeFileAtomically } from './files.ts';
import type { ServerIdentity } from './identity.ts';

/** Long enough before the end that a machine started once a month never serves an expired one. */
const RENEW_BEFORE_MS = 30 * 86_400_000;

/** Where the four files lie. The authority's certificate may be given to clients. */
export interface QuickStartCertificates {
  readonly authorityCertificate: string;
  readonly certificate: string;
  readonly privateKey: string;
  /** What this start did to the server's certificate. */
  readonly action: 'made' | 'renewed' | 'kept';
}

/** Makes or renews what is needed in `directory`; throws WolfguardError on unreadable files. */
export async function ensureQuickStartCertificates(
  directory: string,
  identity: ServerIdentity,
  now: EpochMs,
): Promise<QuickStartCertificates> {
  const file = (name: string): string => path.join(directory, name);
  const files = {
    authorityCertificate: file('ca.pem'),
    certificate: file('server.pem'),
    privateKey: file('server.key'),
  };
  const authority = await ensureAuthority(
    files.authorityCertificate,
    file('ca.key'),
    identity,
    now,
  );
  const certificate = readCertificate(files.certificate);
  if (certificate !== undefined && isStillGood(certificate, authority, identity, now)) {
    return { ...files, action: 'kept' };
  }
  const key = readKey(files.privateKey);
  const issued = await issueServerCertificate(authority, identity, now, { keyPem: key });
  writePair(files.certificate, files.privateKey, issued);
  return { ...files, action: certificate === undefined ? 'made' : 'renewed' };
}

async function ensureAuthority(
  certificatePath: string,
  keyPath: string,
  identity: ServerIdentity,
  now: EpochMs,
): Promise<KeyPairPem> {
  const certificate = readCertificate(certificatePath);
  const key = readKey(keyPath);
  if (certificate !== undefined && key !== undefined) {
    return { certificatePem: certificate.toString(), privateKeyPem: key };
  }
  const name = `wolfguard quick start ${identity.dnsNames[0] ?? ''}`.trim().slice(0, 64);
  const made = await createAuthority(name, now);
  writePair(certificatePath, keyPath, made);
  return made;
}

/** Undefined when there is no such file yet. */
function readCertificate(file: string): X509Certificate | undefined {
  if (!existsSync(file)) return undefined;
  const pem = readNamedFile(file, 'certificate');
  try {
    return new X509Certificate(pem);
  } catch {
    throw damaged(file);
  }
}

function readKey(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const pem = readNamedFile(file, 'private key');
  try {
    const { asymmetricKeyDetails } = createPrivateKey(pem);
    if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return pem;
  } catch {
    // Said below: a file that is no key at all needs the same cure.
  }
  throw damaged(file);
}

const damaged = (file: string): WolfguardError =>
  new WolfguardError(
    'QUICK_START_FILES',
    `${file} is damaged or was not made by the quick start: delete it and start again to have a new one made`,
  );

/** The key first: a start that is cut off in between finds it and issues for it again. */
function writePair(certificatePath: string, keyPath: string, pair: KeyPairPem): void {
  writeFileAtomically(keyPath, pair.privateKeyPem, 0o600);
  writeFileAtomically(certificatePath, pair.certificatePem, 0o644);
}

function isStillGood(
  certificate: X509Certificate,
  authority: KeyPairPem,
  identity: ServerIdentity,
  now: EpochMs,
): boolean {
  const issuer = new X509Certificate(authority.certificatePem);
  // Somebody put a certificate of their own in its place: it is theirs to renew.
  if (certificate.issuer !== issuer.subject) return true;
  return (
    certificate.checkIssued(issuer) &&
    certificate.validToDate.getTime() - now > RENEW_BEFORE_MS &&
    identity.dnsNames.every((name) => certificate.checkHost(name) !== undefined) &&
    identity.addresses.every((address) => certificate.checkIP(address) !== undefined)
  );
}
