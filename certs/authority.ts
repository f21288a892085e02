// A certificate authority and what it issues: servers, people, and the list of what it takes back.
import { randomBytes } from 'node:crypto';
import type { Extension, JsonGeneralNames, JsonName, X509Certificate } from '@peculiar/x509';

import { WolfguardError } from '../core/error.ts';
import type { EpochMs } from '../core/units.ts';
import type { ServerIdentity } from './identity.ts';
import { exportKey, generateKeys, importKeys } from './keys.ts';
import type { KeyKind } from './keys.ts';
import { loadX509 } from './x509.ts';

const DAY_MS = 86_400_000;
/** The authority outlives every machine that it is likely to be made for. */
export const AUTHORITY_DAYS = 3650;
/** Apple's systems refuse a server certificate valid for longer than 825 days. */
export const SERVER_DAYS = 825;
/** A lost laptop is revoked; a forgotten one ends by itself. */
export const CLIENT_DAYS = 365;
/** A client whose clock is a little slow must not meet a certificate from its future. */
export const BACKDATE_MS = 3_600_000;

/** A certificate and the private key to it, both PEM (the key as PKCS#8, not encrypted). */
export interface KeyPairPem {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

export interface Issuing {
  /** By default EC P-256. */
  readonly key?: KeyKind | undefined;
  /** A renewal: this key instead of a new one, hence the same pin. */
  readonly keyPem?: string | undefined;
  readonly days?: number | undefined;
}

/** Somebody who shall log in with a certificate. */
export interface Person {
  /** The common name. */
  readonly user: string;
  /** An organizational unit each. */
  readonly groups: readonly string[];
  readonly email?: string | undefined;
  /** Microsoft's user principal name. */
  readonly upn?: string | undefined;
}

/** Makes a new authority: CA:TRUE with path length 0. */
export async function createAuthority(
  commonName: string,
  now: EpochMs,
  { key = 'ec-p256', days = AUTHORITY_DAYS }: Omit<Issuing, 'keyPem'> = {},
): Promise<KeyPairPem> {
  const x509 = await loadX509();
  const keys = await generateKeys(key);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...commonFields(now, days),
    name: nameOf([['CN', commonName]]),
    keys: keys.pair,
    signingAlgorithm: keys.signature,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.pair.publicKey),
    ],
  });
  return { certificatePem: toText(certificate), privateKeyPem: exportKey(keys) };
}

/** Issues a server certificate for these names and addresses. Throws WolfguardError. */
export async function issueServerCertificate(
  authority: KeyPairPem,
  identity: ServerIdentity,
  now: EpochMs,
  issuing: Issuing = {},
): Promise<KeyPairPem> {
  return issue(authority, now, {
    ...issuing,
    days: issuing.days ?? SERVER_DAYS,
    subject: nameOf([['CN', commonNameOf(identity)]]),
    usage: 'serverAuth',
    names: [
      ...identity.dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...identity.addresses.map((value) => ({ type: 'ip' as const, value })),
    ],
  });
}

/** Issues a certificate to log in with. Throws WolfguardError. */
export async function issueClientCertificate(
  authority: KeyPairPem,
  { user, groups, email, upn }: Person,
  now: EpochMs,
  issuing: Issuing = {},
): Promise<KeyPairPem> {
  return issue(authority, now, {
    ...issuing,
    days: issuing.days ?? CLIENT_DAYS,
    subject: nameOf([...groups.map((group) => ['OU', group] as const), ['CN', user]]),
    usage: 'clientAuth',
    names: [
      ...(email === undefined ? [] : [{ type: 'email' as const, value: email }]),
      ...(upn === undefined ? [] : [{ type: 'upn' as const, value: upn }]),
    ],
  });
}

/** The key identifier of an authority as its own certificate has it. */
export async function authorityKeyIdentifier(issuer: X509Certificate): Promise<Extension> {
  const x509 = await loadX509();
  const own = issuer.getExtension(x509.SubjectKeyIdentifierExtension);
  return own === null
    ? x509.AuthorityKeyIdentifierExtension.create(issuer)
    : new x509.AuthorityKeyIdentifierExtension(own.keyId);
}

interface Wanted extends Issuing {
  readonly days: number;
  readonly subject: JsonName;
  readonly usage: 'serverAuth' | 'clientAuth';
  readonly names: JsonGeneralNames;
}

async function issue(authority: KeyPairPem, now: EpochMs, wanted: Wanted): Promise<KeyPairPem> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  if (issuer.notAfter.getTime() <= now) {
    throw new WolfguardError('AUTHORITY', 'the authority has expired: make a new one');
  }
  const signing = await importKeys(authority.privateKeyPem, "the authority's private key");
  const keys =
    wanted.keyPem === undefined
      ? await generateKeys(wanted.key ?? 'ec-p256')
      : await importKeys(wanted.keyPem);
  const fields = commonFields(now, wanted.days);
  const { names, usage } = wanted;
  // An RSA key of a server also opens what old TLS 1.2 clients encrypt to it.
  const opens = keys.isRsa && usage === 'serverAuth';
  const flags = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.create({
    ...fields,
    // Beyond its authority's end a certificate is worth nothing.
    notAfter: new Date(Math.min(fields.notAfter.getTime(), issuer.notAfter.getTime())),
    subject: wanted.subject,
    issuer: issuer.subjectName,
    publicKey: keys.pair.publicKey,
    signingKey: signing.pair.privateKey,
    signingAlgorithm: signing.signature,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      opens
        ? new x509.KeyUsagesExtension(flags.digitalSignature | flags.keyEncipherment, true)
        : new x509.KeyUsagesExtension(flags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      await x509.SubjectKeyIdentifierExtension.create(keys.pair.publicKey),
      await authorityKeyIdentifier(issuer),
    ],
  });
  return { certificatePem: toText(certificate), privateKeyPem: exportKey(keys) };
}

function commonFields(now: EpochMs, days: number) {
  const notBefore = now - BACKDATE_MS;
  return {
    serialNumber: randomSerial(),
    notBefore: new Date(notBefore),
    notAfter: new Date(notBefore + days * DAY_MS),
  };
}

/** 16 bytes; a first byte in 0x40-0x7f keeps the number positive and its length fixed. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

/** As objects: the library gives quotes, backslashes and "#" in plain strings a meaning. */
const nameOf = (parts: readonly (readonly [string, string])[]): JsonName =>
  parts.map(([type, value]) => ({ [type]: [{ utf8String: value }] })) as unknown as JsonName;

/** A common name holds 64 characters at most; the names that count are in subjectAltName. */
const commonNameOf = ({ dnsNames, addresses }: ServerIdentity): string =>
  [...dnsNames, ...(dnsNames.length > 0 ? [] : addresses)].find((name) => name.length <= 64) ??
  'wolfguard';

const toText = (certificate: X509Certificate): string => `${certificate.toString('pem').trim()}\n`;
