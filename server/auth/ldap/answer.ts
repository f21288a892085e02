// What the result codes of a directory mean for a login [rfc4511 A].

/** A result: 0 is success. `text` is the directory's own; it may name people. */
export interface LdapAnswer {
  readonly code: number;
  readonly text: string;
}

/** The same, and what the directory says about the password [draft-behera-ldap-password-policy]. */
export interface BindAnswer extends LdapAnswer {
  /** The password was right but is no longer good: expired, or to be changed first. */
  readonly changeDue: boolean;
}

export const SUCCESS = 0;
export const NO_SUCH_OBJECT = 32;
export const INVALID_CREDENTIALS = 49;
const UNWILLING = 53;

/** What the answer to a person's bind says about that person; 'unavailable': it says nothing. */
export function judgeBind({
  code,
  text,
  changeDue,
}: BindAnswer): 'accepted' | 'refused' | 'unavailable' {
  if (code === SUCCESS) return changeDue ? 'refused' : 'accepted';
  if (REFUSALS.has(code)) return 'refused';
  // 389 Directory Server is "unwilling" about accounts that were switched off.
  if (code === UNWILLING && /account|inactivat/i.test(text)) return 'refused';
  return 'unavailable';
}

const REFUSALS = new Set([
  // Also for locked accounts, in most directories; Active Directory has no other.
  INVALID_CREDENTIALS,
  // constraintViolation: 389 Directory Server, after too many wrong passwords.
  19,
  // The entry went away, or has a name that cannot be bound as.
  NO_SUCH_OBJECT,
  34,
  // inappropriateAuthentication: an entry without a password.
  48,
  // insufficientAccessRights: this entry may not bind.
  50,
]);

/** The fault of this server at this time: timeLimitExceeded, busy, unavailable, other. */
export const isOutage = (code: number): boolean => [3, 51, 52, 80].includes(code);

/** The code in the words of the operator's side, and the directory's own. */
export function renderAnswer({ code, text }: LdapAnswer): string {
  const hint = HINTS.get(code) ?? 'the directory cannot do what was asked';
  return text === '' ? `${hint} (code ${code})` : `${hint} (code ${code}: ${text})`;
}

const HINTS: ReadonlyMap<number, string> = new Map([
  [1, 'the directory wants a bind first: set auth.ldap.bind_dn'],
  [3, 'the directory took too long'],
  [4, 'the answer has more entries than the directory gives out'],
  [7, 'the directory takes no simple bind'],
  [8, 'the directory wants TLS: use ldaps://, or auth.ldap.start_tls'],
  [
    10,
    'the directory refers to another one, and referrals are not followed: name that one in auth.ldap.url',
  ],
  [11, 'the search is too large for the directory'],
  [13, 'the directory wants TLS: use ldaps://, or auth.ldap.start_tls'],
  [NO_SUCH_OBJECT, 'there is no such entry, or auth.ldap.bind_dn may not see it'],
  [34, 'the directory does not take the name'],
  [48, 'the directory takes no simple bind of this entry'],
  [INVALID_CREDENTIALS, 'the directory refuses the password'],
  [50, 'auth.ldap.bind_dn may not do that'],
  [51, 'the directory is busy'],
  [52, 'the directory is shutting down or not ready'],
  [UNWILLING, 'the directory is not willing'],
]);
