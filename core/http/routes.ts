// The URL table [oc 2.4]. A GET target may carry a query and a further path; a POST target only a
// query. Paths are compared as sent.
import { document, notFound } from './answer.ts';
import type { HttpAnswer } from './answer.ts';

export type Route =
  /** The first form, also the non-XML one [oc 4.10]. */
  | { readonly kind: 'form' }
  /** A login step; `group` when the path names one. */
  | { readonly kind: 'login'; readonly group: string | null }
  | { readonly kind: 'logout' }
  /** The AnyConnect profile of a session, whatever it is called. */
  | { readonly kind: 'profile' }
  | { readonly kind: 'fixed'; readonly answer: HttpAnswer };

export function routeOf(method: string, target: string): Route {
  const path = target.split('?', 1)[0] ?? '';
  if (method === 'GET') return getRoute(path);
  if (method === 'POST') return postRoute(path);
  return { kind: 'fixed', answer: notFound() };
}

/** Clavister's client leaves the slash out [oc 2.3]. */
export const isTunnelTarget = (target: string): boolean =>
  target === '/CSCOSSLC/tunnel' || target === 'CSCOSSLC/tunnel';

function getRoute(path: string): Route {
  if (path === '/' || matches(path, '/auth') || matches(path, '/VPN')) return { kind: 'form' };
  if (matches(path, '/logout')) return { kind: 'logout' };
  // openconnect asks for the name as the cookie has it, with its "/" encoded [oc 3].
  if (matches(path, '/profiles') || path.startsWith('/profiles%2F')) return { kind: 'profile' };
  const fixed = DOWNLOADER.find(([prefix]) => matches(path, prefix));
  return { kind: 'fixed', answer: fixed === undefined ? notFound() : fixed[1] };
}

function postRoute(path: string): Route {
  if (path === '/' || path === '/auth' || path === '/VPN') return { kind: 'login', group: null };
  const group = /^\/([\w.-]{1,64})$/.exec(path)?.[1];
  if (group !== undefined) return { kind: 'login', group };
  return { kind: 'fixed', answer: notFound() };
}

const matches = (path: string, prefix: string): boolean =>
  path === prefix || path.startsWith(`${prefix}/`);

const EMPTY_HTML = '<html></html>\n';
const emptyVpn = document(
  'text/xml; charset=utf-8',
  '<?xml version="1.0" encoding="UTF-8"?>\n<vpn rev="1.0"></vpn>\n',
);
const emptyPage = document('text/html', EMPTY_HTML);
const startPage: HttpAnswer = {
  ...emptyPage,
  headers: [...emptyPage.headers, ['X-Transcend-Version', '1']],
};

/** What AnyConnect's downloader and updater fetch after a login: nothing newer, nothing to run. */
const DOWNLOADER: readonly (readonly [string, HttpAnswer])[] = [
  ['/VPNManifest.xml', emptyVpn],
  ['/1/VPNManifest.xml', emptyVpn],
  ['/+CSCOT+/translation-table', emptyVpn],
  ['/+CSCOT+/oem-customization', emptyVpn],
  ['/1/index.html', startPage],
  ['/1/Linux', emptyPage],
  ['/1/Linux_64', emptyPage],
  ['/1/Windows', emptyPage],
  ['/1/Windows_ARM64', emptyPage],
  ['/1/Darwin_i386', emptyPage],
  ['/1/binaries/vpndownloader.sh', document('application/x-shellscript', '#!/bin/sh\nexit 0\n')],
  ['/1/binaries/update.txt', document('text/plain', '0,0,0000\n')],
];

/** The answer to GET /logout; the cookie goes with it [oc 2.4]. */
export const loggedOutPage = (clearedCookie: string): HttpAnswer => ({
  ...emptyPage,
  headers: [...emptyPage.headers, ['Set-Cookie', clearedCookie]],
});
