// `wolfguard cert show`: what a file of certificates or revocation lists says, as wolfguard reads it.
import { X509Certificate } from 'node:crypto';
import { readNamedBytes } from '../certs/files.ts';
import { pemBlocks, toPem } from '../core/x509/pem.ts';
import { pinOf } from '../certs/pin.ts';
import { loadX509 } from '../certs/x509.ts';
import { WolfguardError } from '../core/error.ts';
import { readCertificateNames } from '../core/x509/certificate.ts';
import { SUBJECT_OIDS } from '../core/x509/field.ts';

/** The text for people, a paragraph for each; PEM or DER. Throws WolfguardError. */
export async function describeCertificates(path: string): Promise<string> {
  const bytes = readNamedBytes(path, 'certificate');
  const isDer = bytes[0] === 0x30;
  const certificates = isDer ? [toPem(bytes, 'CERTIFICATE')] : pemBlocks(bytes, 'CERTIFICATE');
  const lists = isDer ? [toPem(bytes, 'X509 CRL')] : pemBlocks(bytes, 'X509 CRL');
  const described = [
    ...certificates.flatMap((pem) => describeCertificate(pem) ?? []),
    ...(await Promise.all(lists.map(describeList))).filter((text) => text !== undefined),
  ];
  if (described.length > 0) return described.join('\n');
  throw new WolfguardError(
    'SHOW',
    `${path} holds no certificate and no revocation list, in PEM or DER form`,
  );
}

function describeCertificate(pem: string): string | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return undefined;
  }
  const usages = certificate.keyUsage as readonly string[] | undefined;
  const names = readCertificateNames(certificate.raw);
  const fields = names?.subjectFields.map(
    ({ oid, value }) => `${NAMES.get(oid) ?? oid}=${value ?? '?'}`,
  );
  return render([
    ['certificate', certificate.ca ? 'of an authority' : ''],
    ['subject', fields?.join(', ') ?? ''],
    ['issuer', certificate.issuer.replaceAll('\n', ', ')],
    ['serial', certificate.serialNumber.toLowerCase()],
    ['valid', `${day(certificate.validFromDate)} to ${day(certificate.validToDate)}`],
    ['names', certificate.subjectAltName ?? ''],
    ['for', usages?.map((oid) => USAGES[oid] ?? oid).join(', ') ?? ''],
    ['key', keyOf(certificate)],
    ['sha256', certificate.fingerprint256],
    ['pin', pinOf(pem)],
  ]);
}

function keyOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = publicKey;
  return `${type} ${details?.namedCurve ?? details?.modulusLength ?? ''}`.trim();
}

async function describeList(pem: string): Promise<string | undefined> {
  const x509 = await loadX509();
  try {
    const { issuer, thisUpdate, nextUpdate, entries } = new x509.X509Crl(pem);
    const revoked = entries.map(({ serialNumber, revocationDate, reason }) => {
      const why = reason === undefined ? '' : ` (${x509.X509CrlReason[reason]})`;
      return `${serialNumber} on ${day(revocationDate)}${why}`;
    });
    return render([
      ['revocation list', ''],
      ['issuer', issuer],
      ['valid', `${day(thisUpdate)} to ${nextUpdate === undefined ? 'whenever' : day(nextUpdate)}`],
      ...revoked.map((text) => ['revoked', text] as const),
    ]);
  } catch {
    return undefined;
  }
}

const NAMES = new Map(Object.entries(SUBJECT_OIDS).map(([name, oid]) => [oid, name]));

const USAGES: Readonly<Partial<Record<string, string>>> = {
  '1.3.6.1.5.5.7.3.1': 'servers',
  '1.3.6.1.5.5.7.3.2': 'clients',
};

const day = (date: Date): string => date.toISOString().slice(0, 10);

/** Without the lines that have nothing to say; text of strangers never steers a terminal. */
const render = ([[title, more], ...lines]: readonly (readonly [string, string])[] & {
  readonly 0: readonly [string, string];
}): string =>
  [
    `${title} ${more}`.trim(),
    ...lines
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `  ${name.padEnd(8)} ${value.replaceAll(/\p{Cc}/gu, '?')}`),
    '',
  ].join('\n');
