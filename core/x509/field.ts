// Where a user or a group stands in a certificate, as tls.user_field and tls.group_field name it.

/** An attribute of the subject by its OID, or a kind of alternative name. */
export type CertificateField =
  { readonly kind: 'subject'; readonly oid: string } | { readonly kind: 'email' | 'upn' };

/** Attributes that people know by a name. */
export const SUBJECT_OIDS: Readonly<Record<string, string>> = {
  CN: '2.5.4.3',
  SN: '2.5.4.4',
  serialNumber: '2.5.4.5',
  C: '2.5.4.6',
  L: '2.5.4.7',
  ST: '2.5.4.8',
  O: '2.5.4.10',
  OU: '2.5.4.11',
  title: '2.5.4.12',
  GN: '2.5.4.42',
  emailAddress: '1.2.840.113549.1.9.1',
  UID: '0.9.2342.19200300.100.1.1',
  DC: '0.9.2342.19200300.100.1.25',
};

/** The names that parseField knows, as they are written. */
export const FIELD_NAMES: readonly string[] = [
  ...Object.keys(SUBJECT_OIDS),
  'SAN:email',
  'SAN:upn',
];

/** undefined: there is no such field. Names are known in any case; an OID is dotted. */
export function parseField(text: string): CertificateField | undefined {
  const folded = text.toLowerCase();
  if (folded === 'san:email') return { kind: 'email' };
  if (folded === 'san:upn') return { kind: 'upn' };
  const named = Object.entries(SUBJECT_OIDS).find(([name]) => name.toLowerCase() === folded);
  if (named !== undefined) return { kind: 'subject', oid: named[1] };
  return OID.test(text) ? { kind: 'subject', oid: text } : undefined;
}

/** At least two arcs, none with a leading zero; the first two as X.660 has them. */
const OID =
  /^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9][0-9]{0,14}))(?:\.(?:0|[1-9][0-9]{0,14}))+$/;
