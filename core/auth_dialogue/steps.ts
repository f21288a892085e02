// What the steps of a chain must know before they can be asked.

/** What a person has shown so far. */
export interface Known {
  /** '' = nobody has said it. */
  readonly user: string;
  /** '' = none was typed, or none that any directory may take for one. */
  readonly password: string;
  /** A certificate that tls.client_ca vouches for. */
  readonly certificate: boolean;
}

/** These compare a password; all other steps find out by themselves or ask in a form of their own. */
const TAKES_PASSWORD: ReadonlySet<string> = new Set(['file', 'pam', 'ldap', 'radius']);
/** These say who it is; the steps behind them need no name. */
const NAMES_USER: ReadonlySet<string> = new Set(['certificate']);

export const needsPassword = (chain: readonly string[]): boolean =>
  chain.some((step) => TAKES_PASSWORD.has(step));

export const needsUser = (chain: readonly string[]): boolean =>
  !NAMES_USER.has(chain[0] ?? '') && chain.length > 0;

export const needsCertificate = (chain: readonly string[]): boolean =>
  chain.includes('certificate');

/** Whether the chain can be asked with what is known. */
export const isOpenTo = (chain: readonly string[], known: Known): boolean =>
  (!needsPassword(chain) || known.password !== '') &&
  (!needsUser(chain) || known.user !== '') &&
  (!needsCertificate(chain) || known.certificate);
