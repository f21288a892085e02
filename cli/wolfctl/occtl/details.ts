// What wolfctl says of one thing when it is called as occtl: a tab, a name, a value; some two on a
// line. Names and values are those of the JSON.
import type { JsonRecord, JsonValue } from '../records/record.ts';
import { printable } from '../../terminal/cells.ts';

/** A line: one name, or more that stand side by side. */
type Line = readonly string[];

const STATUS: readonly { readonly title: string; readonly lines: readonly Line[] }[] = [
  {
    title: 'General info:',
    lines: [
      ['Status'],
      ['Server PID'],
      ['Sec-mod PID'],
      ['Sec-mod instance count'],
      ['Up since'],
      ['Active sessions'],
      ['Total sessions'],
      ['Total authentication failures'],
      ['IPs in ban list'],
      ['Sec-mod client entries'],
    ],
  },
  {
    title: 'Current stats period:',
    lines: [
      ['Last stats reset'],
      ['Sessions handled'],
      ['Timed out sessions'],
      ['Timed out (idle) sessions'],
      ['Closed due to error sessions'],
      ['Authentication failures'],
      ['Average auth time'],
      ['Max auth time'],
      ['Average session time'],
      ['Max session time'],
      ['Min MTU'],
      ['Max MTU'],
      ['RX'],
      ['TX'],
    ],
  },
];

const USER: readonly Line[] = [
  ['ID'],
  ['Username', 'Groupname'],
  ['State'],
  ['vhost'],
  ['Device', 'MTU'],
  ['Remote IP'],
  ['Local Device IP'],
  ['IPv4', 'P-t-P IPv4'],
  ['IPv6', 'P-t-P IPv6'],
  ['User-Agent'],
  ['Limit RX', 'Limit TX'],
  ['RX', 'TX'],
  ['Average RX', 'Average TX'],
  ['DPD', 'KeepAlive'],
  ['Hostname'],
  ['Last connected at'],
  ['Session started at'],
  ['Session'],
  ['TLS ciphersuite'],
  ['DTLS cipher'],
  ['CSTP compression', 'DTLS compression'],
];

const USER_NETWORK: readonly Line[] = [
  ['DNS'],
  ['NBNS'],
  ['Split-DNS-Domains'],
  ['Routes'],
  ['No-routes'],
  ['iRoutes'],
  ['Restricted to routes'],
  ['Restricted to ports'],
];

const SESSION: readonly Line[] = [
  ['Session'],
  ['Full session'],
  ['Created', 'Expires'],
  ['State'],
  ['Username', 'Groupname'],
  ['vhost', 'User-Agent'],
  ['Remote IP'],
  ['In use'],
];

export const occtlStatus = (status: JsonRecord): string =>
  STATUS.map(({ title, lines }) => `${title}\n${render(lines, status)}`).join('\n');

export const occtlUserDetails = (users: readonly JsonRecord[]): string =>
  users.map((user) => `${render(USER, user)}\n${render(USER_NETWORK, user)}`).join('\n');

export const occtlSessionDetails = (sessions: readonly JsonRecord[]): string =>
  sessions
    .map((session) =>
      render(SESSION, { ...session, 'In use': session['in_use'] === 1 ? 'True' : 'False' }),
    )
    .join('\n');

const render = (lines: readonly Line[], record: JsonRecord): string =>
  lines
    .map((names) => names.flatMap((name) => pair(name, record)).join('   '))
    .filter((line) => line !== '')
    .map((line) => `\t${line}\n`)
    .join('');

function pair(name: string, record: JsonRecord): readonly string[] {
  const value = record[name];
  if (value === undefined || isEmpty(value)) return [];
  const beside = record[`_${name}`];
  const shown = Array.isArray(value)
    ? value.map((item: string) => printable(item)).join('\n\t\t')
    : printable(String(value));
  return [`${name}: ${shown}${beside === undefined ? '' : ` (${printable(String(beside))})`}`];
}

const isEmpty = (value: JsonValue): boolean => Array.isArray(value) && value.length === 0;
