// The URL table [oc 2.4]. A GET target may carry a query and a further path; a POST target only a
// query. Paths are compared as sent, but for the name of a group.
import { phoneCookies } from '../auth/cookies.ts';
import type { ClientFacts } from '../ipc/messages.ts';
import { document, notFound, withCookies } from './answer.ts';
import type { HttpAnswer } from './answer.ts';
import { groupInPath, isOwnPath } from './group_path.ts';

export type Route =
  /** The first form, also the non-XML one [oc 4.10]; `group` when the path names one. */
  | { readonly kind: 'form'; readonly group: string | null }
  /** A login step; `group` likewise. */
  | { readonly kind: 'login'; readonly group: string | null }
  /** The whole login of an IP phone [oc 4.9]. */
  | { readonly kind: 'phone-login' }
  | { readonly kind: 'logout' }
  /** The AnyConnect profile of a session, whatever it is called. */
  | { readonly kind: 'profile' }
  | { readonly kind: 'fixed'; readonly answer: HttpAnswer };

/** `client`: the class of who asks [oc 2.3]. */
export function routeOf(method: string, target: string, client: ClientFacts['kind']): Route {
  const path = target.split('?', 1)[0] ?? '';
  switch (method) {
    case 'GET':
      return getRoute(path, client);
    case 'HEAD':
      return headRoute(getRoute(path, client));
    case 'POST':
      return postRoute(path, client);
    default:
      return NOT_FOUND;
  }
}

/** Clavister's client leaves the slash out [oc 2.3]. */
export const isTunnelTarget = (target: string): boolean =>
  target === '/CSCOSSLC/tunnel' || target === 'CSCOSSLC/tunnel';

function getRoute(path: string, client: ClientFacts['kind']): Route {
  if (path === '/' || matches(path, '/auth') || matches(path, '/VPN'))
    return { kind: 'form', group: null };
  if (path === '/svc' && client === 'cisco-phone') return { kind: 'fixed', answer: phonePage() };
  if (matches(path, '/logout')) return { kind: 'logout' };
  // openconnect asks for the name as the cookie has it, with its "/" encoded [oc 3].
  if (matches(path, '/profiles') || path.startsWith('/profiles%2F')) return { kind: 'profile' };
  const fixed = DOWNLOADER.find(([prefix]) => matches(path, prefix));
  if (fixed !== undefined) return { kind: 'fixed', answer: fixed[1] };
  // The fallback of openconnect alone; a browser asks for all sorts of things.
  const group = client === 'openconnect' ? groupInPath(path) : null;
  return group === null ? NOT_FOUND : { kind: 'form', group };
}

/** A look changes nothing: it begins no login and ends no session. */
function headRoute(route: Route): Route {
  if (route.kind === 'form')
    return { kind: 'fixed', answer: document('text/xml; charset=utf-8', '') };
  return route.kind === 'logout' ? { kind: 'fixed', answer: emptyPage } : route;
}

function postRoute(path: string, client: ClientFacts['kind']): Route {
  if (isOwnPath(path)) return { kind: 'login', group: null };
  if (path === '/svc' && client === 'cisco-phone') return { kind: 'phone-login' };
  const group = groupInPath(path);
  return group === null ? NOT_FOUND : { kind: 'login', group };
}

const NOT_FOUND: Route = { kind: 'fixed', answer: notFound() };

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

const phonePage = (): HttpAnswer => withCookies(document('text/html', ''), phoneCookies());

/** The end of a phone's login: its cookie, and nothing to read [oc 4.9]. */
export const phoneLoggedIn = (cookie: string): HttpAnswer =>
  withCookies(document('text/html', ''), [cookie]);

/** The answer to GET /logout; the cookie goes with it [oc 2.4]. */
export const loggedOutPage = (clearedCookie: string): HttpAnswer =>
  withCookies(emptyPage, [clearedCookie]);
