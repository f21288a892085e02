// An HTTP answer as a value, and the few fixed ones [oc 2.4, 4.12].
import { Buffer } from 'node:buffer';

export interface HttpAnswer {
  readonly status: number;
  readonly reason: string;
  /** In order of sending, Content-Length and Connection apart. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** 'close': the connection ends with this answer. */
  readonly connection: 'keep' | 'close';
}

/** An answer that ends the connection. */
export const refusal = (
  status: number,
  reason: string,
  headers: HttpAnswer['headers'] = [],
  body = '',
): HttpAnswer => ({ status, reason, headers, body, connection: 'close' });

export const document = (type: string, body: string): HttpAnswer => ({
  status: 200,
  reason: 'OK',
  headers: [['Content-Type', type]],
  body,
  connection: 'keep',
});

/** The same with cookies to set. */
export const withCookies = (answer: HttpAnswer, cookies: readonly string[]): HttpAnswer => ({
  ...answer,
  headers: [...answer.headers, ...cookies.map((cookie) => ['Set-Cookie', cookie] as const)],
});

export const notFound = (): HttpAnswer =>
  refusal(
    404,
    'Not found',
    [['Content-Type', 'text/html']],
    '<html><body><h1>404 Not Found</h1></body></html>\n',
  );

/** Ends the client's reconnect loop [oc 5.2]. */
export const COOKIE_REFUSED = refusal(401, 'Cookie is not acceptable');

/** 503 with the reason that the client prints [oc 5.2]. */
export const unavailable = (reason: string): HttpAnswer =>
  refusal(503, 'Service Unavailable', [['X-Reason', headerValue(reason)]]);

/** When a program may ask again that was turned away: by then another server has the name. */
const RETRY_AFTER_SECONDS = 30;

/** What programs read when nobody is let in, whatever the document says to people. */
export const turnedAwayHeaders = (reason: string): HttpAnswer['headers'] => [
  ['X-Reason', headerValue(reason)],
  ['Retry-After', String(RETRY_AFTER_SECONDS)],
];

/**
 * The bytes of an answer that closes its connection; the one to HEAD has no body. `extraHeaders`
 * stand in front of its own.
 */
export const renderRefusal = (
  answer: HttpAnswer,
  {
    head = false,
    extraHeaders = [],
  }: { readonly head?: boolean; readonly extraHeaders?: HttpAnswer['headers'] } = {},
): string =>
  [
    `HTTP/1.1 ${answer.status} ${headerValue(answer.reason)}`,
    ...[...extraHeaders, ...answer.headers].map(
      ([name, value]) => `${name}: ${headerValue(value)}`,
    ),
    `Content-Length: ${Buffer.byteLength(answer.body)}`,
    'Connection: close',
    '',
    head ? '' : answer.body,
  ].join('\r\n');

/** Text that cannot leave its header line: controls and line separators become blanks. */
export const headerValue = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
