// Who a certificate speaks of [rfc5280 4.1]. It judges nothing: whether the certificate is sound is
// for TLS to find out.
import {
  contextTag,
  Fields,
  readAll,
  readOid,
  readSerial,
  readText,
  readWhole,
  TAG,
} from './der.ts';
import type { Der } from './der.ts';

export interface NameField {
  /** Of the attribute: "2.5.4.3" is CN. */
  readonly oid: string;
  /** null: text of a kind that nobody should use in a name. */
  readonly value: string | null;
}

export interface CertificateNames {
  /** In hex. */
  readonly serial: string;
  /** DER of the whole names, for comparing. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** In the order of the certificate. */
  readonly subjectFields: readonly NameField[];
  readonly emails: readonly string[];
  /** Microsoft's user principal names. null: damaged text. */
  readonly upns: readonly (string | null)[];
}

const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const UPN = '1.3.6.1.4.1.311.20.2.3';

/** undefined: the bytes are no certificate. */
export function readCertificateNames(der: Uint8Array): CertificateNames | undefined {
  try {
    return read(der);
  } catch {
    return undefined;
  }
}

function read(der: Uint8Array): CertificateNames {
  const tbs = new Fields(new Fields(readWhole(der, TAG.sequence)).take(TAG.sequence));
  tbs.takeIf(contextTag(0)); // version
  const serial = readSerial(tbs.take(TAG.integer));
  tbs.take(TAG.sequence); // signature algorithm
  const issuer = tbs.take(TAG.sequence);
  tbs.take(TAG.sequence); // validity
  const subject = tbs.take(TAG.sequence);
  tbs.take(TAG.sequence); // public key
  tbs.takeIf(contextTag(1, false)); // unique identifiers
  tbs.takeIf(contextTag(2, false));
  const names = alternativeNames(tbs.takeIf(contextTag(3)));
  return {
    serial,
    issuer: issuer.whole,
    subject: subject.whole,
    subjectFields: nameFields(subject),
    // rfc822Name [1]
    emails: names
      .filter(({ tag }) => tag === contextTag(1, false))
      .map(({ content }) => readText({ tag: IA5_STRING, content, whole: content }) ?? ''),
    // otherName [0]
    upns: names.filter(({ tag }) => tag === contextTag(0)).flatMap(upnOf),
  };
}

const IA5_STRING = 0x16;

const nameFields = (name: Der): NameField[] =>
  readAll(name.content).flatMap((set) =>
    readAll(set.content).map((pair) => {
      const [type, value] = readAll(pair.content);
      return {
        oid: type === undefined ? '' : readOid(type),
        value: (value === undefined ? undefined : readText(value)) ?? null,
      };
    }),
  );

/** The values of subjectAltName; none when there is no such extension. */
function alternativeNames(extensions: Der | undefined): Der[] {
  if (extensions === undefined) return [];
  for (const extension of readAll(readWhole(extensions.content, TAG.sequence).content)) {
    const fields = new Fields(extension);
    if (readOid(fields.take(TAG.oid)) !== SUBJECT_ALTERNATIVE_NAME) continue;
    fields.takeIf(TAG.boolean); // critical
    return readAll(readWhole(fields.take(TAG.octetString).content, TAG.sequence).content);
  }
  return [];
}

function upnOf(otherName: Der): (string | null)[] {
  const fields = new Fields(otherName);
  if (readOid(fields.take(TAG.oid)) !== UPN) return [];
  const [text] = readAll(fields.take(contextTag(0)).content);
  return [(text === undefined ? undefined : readText(text)) ?? null];
}
