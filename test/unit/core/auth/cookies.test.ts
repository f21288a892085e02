import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clearedSessionCookie,
  configCookies,
  dialogueCookie,
  parseCookies,
  sessionCookie,
} from '../../../../core/auth/cookies.ts';

test('both cookies are found among others, the first of a name counts [oc 3]', () => {
  assert.deepEqual(
    parseCookies('openconnect_strapkey=AA==; webvpncontext=d1 ;webvpn=a=b+/=; webvpn=other; x'),
    { dialogue: 'd1', session: 'a=b+/=' },
  );
});

test('an absent header and an empty value are no cookies', () => {
  assert.deepEqual(parseCookies(undefined), { dialogue: null, session: null });
  assert.deepEqual(parseCookies('webvpn=; webvpncontext'), { dialogue: null, session: null });
});

test('a value above 1 KiB is not looked at (ocserv #719)', () => {
  assert.equal(parseCookies(`webvpn=${'A'.repeat(1024)}`).session?.length, 1024);
  assert.equal(parseCookies(`webvpn=${'A'.repeat(1025)}`).session, null);
});

test('a value is printable and has no blank, quote, comma or backslash, whatever is sent', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { session } = parseCookies(`webvpn=${text}`);
      if (session !== null) assert.match(session, /^[!-~]+$/);
      if (session !== null) assert.doesNotMatch(session, /[\s",;\\]/);
    }),
  );
});

test('cookies that we set are the ones of the protocol', () => {
  assert.equal(sessionCookie('abc'), 'webvpn=abc; Secure; HttpOnly');
  assert.equal(dialogueCookie('d', 300), 'webvpncontext=d; Max-Age=300; Secure; HttpOnly');
  assert.match(dialogueCookie(null, 300), /^webvpncontext=; expires=Thu, 01 Jan 1970/);
  assert.match(clearedSessionCookie(), /^webvpn=; expires=/);
  assert.deepEqual(configCookies('AB'), [
    'webvpnc=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; Secure',
    'webvpnc=bu:/&p:t&iu:1/&sh:AB; path=/; Secure',
  ]);
  assert.equal(
    configCookies('AB', { name: 'staff.xml', sha1: 'CD' })[1],
    'webvpnc=bu:/&p:t&iu:1/&sh:AB&lu:/+CSCOT+/translation-table?textdomain%3DAnyConnect%26type%3Dmanifest&fu:profiles%2Fstaff.xml&fh:CD; path=/; Secure',
  );
});
