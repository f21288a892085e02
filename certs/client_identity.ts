// Who a client certificate speaks of: a user from one field, groups from another [oc 4.5].
import { readCertificateNames } from '../core/x509/certificate.ts';
import type { CertificateNames } from '../core/x509/certificate.ts';
import { parseField } from '../core/x509/field.ts';

export interface IdentityFields {
  /** CN, UID, SAN:email, SAN:upn, or an OID of the subject. */
  readonly userField: string;
  /** The same; '' = no groups. Each value of the field is a group. */
  readonly groupField: string;
}

export type ClientIdentity =
  | { readonly user: string; readonly groups: readonly string[] }
  /** The certificate does not say who it is: a sentence for the log, without any name. */
  | { readonly reason: string };

/** Reads a certificate that has been verified; `der` of anything else gives a reason. */
export function readIdentity(
  der: Uint8Array,
  { userField, groupField }: IdentityFields,
): ClientIdentity {
  const names = readCertificateNames(der);
  if (names === undefined) return { reason: 'the certificate cannot be read' };
  const [user, ...others] = valuesOf(names, userField);
  if (user === undefined) return { reason: `the certificate has no ${userField}` };
  // Two names would let one of them be chosen by whoever wrote the request to sign.
  if (others.length > 0) return { reason: `the certificate has more than one ${userField}` };
  if (!isName(user))
    return { reason: `the ${userField} of the certificate cannot be a user's name` };
  return { user, groups: [...new Set(valuesOf(names, groupField).filter(isName))] };
}

function valuesOf(names: CertificateNames, text: string): readonly (string | null)[] {
  const field = parseField(text);
  switch (field?.kind) {
    case 'subject':
      return names.subjectFields.filter(({ oid }) => oid === field.oid).map(({ value }) => value);
    case 'email':
      return names.emails;
    case 'upn':
      return names.upns;
    case undefined:
      return [];
  }
}

/** What every log, header and script can bear; as long as a typed name may be. */
const isName = (value: string | null): value is string =>
  value !== null &&
  value.length > 0 &&
  value.length <= 256 &&
  value.isWellFormed() &&
  !/\p{Cc}/u.test(value);
