// What keeps a directory from answering, in words for the operator.

/** Thrown where a directory could not be asked; the message is for the log, not for strangers. */
export class LdapTrouble extends Error {
  /**
   * 'server': another server may do better. 'setup': our own settings or files are wrong, and every
   * server would say the same.
   */
  readonly fault: 'server' | 'setup';

  constructor(fault: 'server' | 'setup', message: string) {
    super(message);
    this.fault = fault;
  }
}

/** Whatever was thrown, as trouble. */
export const troubleOf = (error: unknown): LdapTrouble =>
  error instanceof LdapTrouble ? error : new LdapTrouble('server', wordsFor(error));

function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code = '' } = error as NodeJS.ErrnoException;
  const hint = HINTS.find(([codes]) => codes.test(code))?.[1];
  // Node's advice on how to run Node is none for our operator.
  const message = error.message === '' ? code : error.message.replace(/; if the root CA .*/, '');
  return hint === undefined ? message : `${hint} (${message})`;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens there'],
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'its name cannot be resolved'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name than auth.ldap.url says'],
  [
    /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)/,
    'its certificate is signed by nobody in auth.ldap.ca, or else whom this machine believes',
  ],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has expired'],
  [/^(EPROTO|ERR_SSL_)/, 'it does not speak TLS on this port'],
];
