// What strangers get from a camouflaged server [oc 2.5]: the answers of a web site that has nothing
// for them, the same for every path and method. It names no product, since every product has habits
// that a prober could look for: who wants a Server line sets one in [http] headers.
import type { HttpAnswer } from './answer.ts';
import { refusal } from './answer.ts';

export interface PlainSite {
  /** '' = the site says 404 where it could ask for a password. */
  readonly realm: string;
  /** As `Date.prototype.toUTCString` writes it. */
  readonly date: string;
  readonly extraHeaders: HttpAnswer['headers'];
}

/** Any other status is answered like a page that is not there. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** To a request that the site understands: every path is locked, or not there. */
export const closedDoor = (site: PlainSite): HttpAnswer =>
  site.realm === ''
    ? page(404, site)
    : page(401, site, [['WWW-Authenticate', `Basic realm="${quotable(site.realm)}"`]]);

/** To CONNECT, which is for proxies. */
export const noProxy = (site: PlainSite): HttpAnswer => page(405, site, [['Allow', 'GET, HEAD']]);

/** What the site says where we would have refused with that status. */
export const disguised = (status: number, site: PlainSite): HttpAnswer =>
  [400, 408, 431].includes(status) ? page(status, site) : closedDoor(site);

function page(
  status: number,
  { date, extraHeaders }: PlainSite,
  headers: HttpAnswer['headers'] = [],
): HttpAnswer {
  const reason = REASONS[status] ?? '';
  const body =
    `<!DOCTYPE html>\n<html>\n<head><title>${status} ${reason}</title></head>\n` +
    `<body>\n<h1>${reason}</h1>\n</body>\n</html>\n`;
  const lines = [
    ['Date', date],
    ['Content-Type', 'text/html'],
    ...headers,
    ...extraHeaders,
  ] as const;
  return refusal(status, reason, lines, body);
}

/** Inside a quoted-string [rfc9110 5.6.4]. */
const quotable = (text: string): string => text.replace(/["\\]/g, '\\$&');
