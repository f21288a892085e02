// Cookies of the protocol [oc 3]. Lengths are checked before anything looks inside a value: ocserv
// once decoded first and overflowed its heap.
import type { ProfileNotice } from '../ipc/messages.ts';

/** The two cookies that mean something to us; null where absent or not acceptable. */
export interface LoginCookies {
  /** webvpncontext: a login in progress. */
  readonly dialogue: string | null;
  /** webvpn: a finished login; the credential of CONNECT. */
  readonly session: string | null;
}

/** The size up to which a cookie value is looked at at all [oc 3]. */
const MAX_VALUE_LENGTH = 1024;
const MAX_COOKIES = 64;

/** Reads a Cookie header; the first cookie of a name counts. */
export function parseCookies(header: string | undefined): LoginCookies {
  let dialogue: string | null = null;
  let session: string | null = null;
  for (const pair of (header ?? '').split(';', MAX_COOKIES)) {
    const equals = pair.indexOf('=');
    if (equals < 0) continue;
    const value = acceptable(pair.slice(equals + 1).trim());
    const name = pair.slice(0, equals).trim();
    if (name === 'webvpncontext') dialogue ??= value;
    else if (name === 'webvpn') session ??= value;
  }
  return { dialogue, session };
}

export const sessionCookie = (value: string): string => `webvpn=${value}; Secure; HttpOnly`;

/** Lifetime in seconds; null clears it, which a client takes as "no dialogue". */
export const dialogueCookie = (value: string | null, maxAgeSeconds: number): string =>
  value === null
    ? `webvpncontext=; ${EXPIRED}; Secure; HttpOnly`
    : `webvpncontext=${value}; Max-Age=${maxAgeSeconds}; Secure; HttpOnly`;

export const clearedSessionCookie = (): string => `webvpn=; ${EXPIRED}; path=/; Secure; HttpOnly`;

/** What an IP phone gets before it posts its user and password [oc 4.9]. */
export const phoneCookies = (): readonly string[] => [
  clearedSessionCookie(),
  'webvpnlogin=1; Secure',
];

/**
 * webvpnc, cleared and set anew: AnyConnect reads the base URL, the server's certificate hash and
 * the profile out of it [oc 3]. The hash is SHA-1 of the certificate's DER form, upper-case hex.
 */
export function configCookies(certificateSha1: string, profile?: ProfileNotice): readonly string[] {
  const more =
    profile === undefined
      ? ''
      : `&lu:/+CSCOT+/translation-table?textdomain%3DAnyConnect%26type%3Dmanifest&fu:profiles%2F${profile.name}&fh:${profile.sha1}`;
  return [
    `webvpnc=; ${EXPIRED}; path=/; Secure`,
    `webvpnc=bu:/&p:t&iu:1/&sh:${certificateSha1}${more}; path=/; Secure`,
  ];
}

const EXPIRED = 'expires=Thu, 01 Jan 1970 00:00:00 GMT';

/** What RFC 6265 4.1.1 lets a value be. */
function acceptable(value: string): string | null {
  if (value === '' || value.length > MAX_VALUE_LENGTH) return null;
  return /^[!#-+\--:<-[\]-~]+$/.test(value) ? value : null;
}
