// Where something stands in a client certificate.
import { FIELD_NAMES, parseField } from '../core/x509/field.ts';
import { quote, wrongType } from './kind.ts';
import type { Kind } from './kind.ts';
import { nearest } from './suggest.ts';

/** "CN", "UID", "SAN:email", "SAN:upn" …, or the dotted OID of an attribute of the subject. */
export const certificateField: Kind<string> = {
  name: 'certificate field',
  expected: 'a field of a certificate',
  example: '"SAN:email"',
  parse: (raw, say) => {
    if (typeof raw !== 'string') return wrongType(certificateField, raw, say);
    if (parseField(raw) !== undefined) return raw;
    const near = nearest(raw, FIELD_NAMES);
    return say(
      `${quote(raw)} is not a field of a certificate`,
      near === undefined
        ? `known are ${FIELD_NAMES.join(', ')}, and OIDs such as "2.5.4.3"`
        : `did you mean ${quote(near)}?`,
    );
  },
};

/** The same, or "" for none. */
export const certificateFieldOrNone: Kind<string> = {
  ...certificateField,
  name: `${certificateField.name} or ""`,
  parse: (raw, say) => (raw === '' ? '' : certificateField.parse(raw, say)),
};
