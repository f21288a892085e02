// Who a client certificate speaks of: a user from one field, groups from another [oc 4.5].
import type { X509Certificate } from '@peculiar/x509';
import { loadX509 } from './x509.ts';

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
export async function readIdentity(
  der: Uint8Array,
  { userField, groupField }: IdentityFields,
): Promise<ClientIdentity> {
  const x509 = await loadX509();
  let users: readonly string[];
  let groups: readonly string[];
  try {
    const certificate = new x509.X509Certificate(Uint8Array.from(der));
    users = valuesOf(certificate, userField, x509);
    groups = groupField === '' ? [] : valuesOf(certificate, groupField, x509);
  } catch {
    return { reason: 'the certificate cannot be read' };
  }
  const [user, ...others] = users.filter(isName);
  if (user === undefined) return { reason: `the certificate has no usable ${userField}` };
  // Two names would let one of them be chosen by whoever wrote the request to sign.
  if (others.length > 0) return { reason: `the certificate has more than one ${userField}` };
  return { user, groups: [...new Set(groups.filter(isName))] };
}

function valuesOf(
  certificate: X509Certificate,
  field: string,
  x509: Awaited<ReturnType<typeof loadX509>>,
): readonly string[] {
  const alternative = /^SAN:(email|upn)$/i.exec(field)?.[1]?.toLowerCase();
  if (alternative === undefined) return certificate.subjectName.getField(field);
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  if (alternative === 'email') {
    return names.filter(({ type }) => type === 'email').map(({ value }) => value);
  }
  return names.filter(({ type }) => type === 'upn').map(({ value }) => value);
}

/** What every log, header and script can bear; as long as a typed name may be. */
const isName = (value: string): boolean =>
  value.length > 0 && value.length <= 256 && !/\p{Cc}/u.test(value);
