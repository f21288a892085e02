// What ocserv does where its file says nothing, as lines that nobody wrote: wolfguard's own defaults
// are others. Line 0 tells them from what people wrote.
import type { ConfLine } from './conf_file.ts';

/** As ocserv 1.1.6 sends and does it. */
const DEFAULTS: readonly (readonly [string, string])[] = [
  ['udp-port', '0'],
  ['keepalive', '3600'],
  ['dpd', '60'],
  ['switch-to-tcp-timeout', '0'],
  ['rekey-time', '86400'],
];

/** Options that take the value of another one where they are not set. */
const FOLLOWERS: readonly (readonly [string, string])[] = [
  ['mobile-dpd', 'dpd'],
  ['mobile-idle-timeout', 'idle-timeout'],
];

/** The lines of the main server that go without saying. */
export function defaultsOf(written: readonly ConfLine[]): ConfLine[] {
  const own = new Map(
    written.filter(({ vhost }) => vhost === '').map(({ name, value }) => [name, value]),
  );
  const missing = (pairs: readonly (readonly [string, string])[]): (readonly [string, string])[] =>
    pairs.filter(([name]) => !own.has(name));
  const fixed = missing(DEFAULTS);
  const known = new Map([...fixed, ...own]);
  const following = missing(FOLLOWERS).flatMap(([name, leader]) => {
    const value = known.get(leader);
    return value === undefined ? [] : [[name, value] as const];
  });
  return [...fixed, ...following].map(([name, value]) => ({ vhost: '', name, value, line: 0 }));
}
