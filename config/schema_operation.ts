// The schema of running the server: who is kept away, what is told to whom, and where to.
import type { Kind } from './kind.ts';
import { choice, integer, list, oneOrMore, optional, path, text, urlWord } from './kinds.ts';
import { siteHeaders } from './kinds_answer.ts';
import { duration } from './kinds_quantity.ts';
import { network, socketAddress } from './kinds_net.ts';
import { key, later, table } from './table.ts';

/** The longest path of a Unix socket: sun_path holds 108 bytes with the final NUL. */
const SOCKET_PATH_BYTES = 107;

export const ban = table(
  { effect: 'at once', about: 'sources that collect too many points are locked out for a while' },
  {
    max_score: key(
      integer(0, 1_000_000),
      80,
      'points that ban an IPv4 address or an IPv6 /64; 0 = nobody is banned',
    ),
    duration: key(duration({ zero: false }), '5m', 'how long a source stays banned'),
    wrong_password: key(integer(0, 1_000_000), 10, 'points for a wrong password'),
    failed_connect: key(
      integer(0, 1_000_000),
      1,
      'points for a connection that ends without a login, or with a bad cookie',
    ),
    kkdcp: later(integer(0, 1_000_000), 1, 'points for a request to the Kerberos proxy'),
    reset_after: key(
      duration({ zero: false }),
      '20m',
      'points are forgotten when nothing new came for so long',
    ),
    allow: key(
      list(network, 'networks'),
      [],
      'never banned, nor are a /64 with one of these in it, our own pools and listen.proxy_trusted',
    ),
  },
);

export const camouflage = table(
  {
    effect: 'at once',
    about: 'look like an ordinary web server unless the URL carries the secret',
  },
  {
    secret: key(
      urlWord,
      '',
      'the whole query of the URL that people enter: https://vpn.example.com/?SECRET; "" = off',
      { secret: true },
    ),
    realm: key(
      text(),
      '',
      'others are asked for a password to this realm; "" = they hear that there is no such page',
    ),
  },
);

export const http = table(
  { effect: 'at once' },
  { headers: key(siteHeaders, {}, 'extra response headers, e.g. { "X-Frame-Options" = "DENY" }') },
);

export const hooks = table(
  {
    effect: 'at once',
    about: "run with ocserv's environment variables, so its scripts go on working",
  },
  {
    connect: key(
      optional(path('/etc/wolfguard/connect')),
      '',
      'a program, run when a session opens; an exit code other than 0 refuses it',
    ),
    disconnect: key(
      optional(path('/etc/wolfguard/disconnect')),
      '',
      'run when the session is over',
    ),
    host_update: key(
      optional(path('/etc/wolfguard/host-update')),
      '',
      'run when the client says its host name, or another one',
    ),
    timeout: key(
      duration({ zero: false, most: '1m' }),
      '10s',
      'a program that takes longer is killed, a plugin is not waited for; connect is refused then',
    ),
    plugins: key(
      list(path('/etc/wolfguard/plugin.ts'), 'paths'),
      [],
      'modules in TypeScript or JavaScript that hear the same; all must allow a session',
    ),
  },
);

export const admin = table(
  {},
  {
    socket: key(
      path('/run/wolfguard/admin.sock', SOCKET_PATH_BYTES),
      '/run/wolfguard/admin.sock',
      'what wolfctl talks to',
    ),
    group: key(text(), '', 'members may use it; "" = root only'),
  },
);

export const web = table(
  { about: 'the dashboard and its REST API' },
  {
    listen: later(optional(socketAddress), '', 'e.g. "127.0.0.1:8080"; "" = off'),
    admins: later(list(text(), 'names'), [], '"file:NAME", "group:NAME"'),
  },
);

export const metrics = table(
  { about: 'Prometheus text at /metrics; /healthz and /readyz' },
  {
    listen: key(
      optional(oneOrMore({ ...socketAddress, example: '"127.0.0.1:9100"' }, 'addresses')),
      '',
      'e.g. "127.0.0.1:9100", or a list of such; anybody who reaches it may read; "" = off',
    ),
  },
);

export const log = table(
  {},
  {
    level: key(
      choice('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
      'info',
      '"trace", "debug", "info", "warn", "error", "fatal"',
      { effect: 'at once' },
    ),
    format: key(choice('json', 'pretty'), 'json', '"json" or "pretty"'),
    destination: key(
      logDestination(),
      'stdout',
      '"stdout", "journal", "syslog" or the path of a file',
    ),
  },
);

export const cluster = table(
  { about: 'several machines as one VPN' },
  {
    store: later(text(), '', '"" = the embedded database; or "redis://host:6379"'),
    node: later(text(), '', 'this machine\'s name; "" = the host name'),
  },
);

/** A word for a well-known place, or a path. */
function logDestination(): Kind<string> {
  const file = path('/var/log/wolfguard.log');
  const word = choice('stdout', 'journal', 'syslog');
  return {
    ...file,
    name: '"stdout", "journal", "syslog" or path',
    parse: (raw, say) =>
      typeof raw === 'string' && raw.startsWith('/') ? file.parse(raw, say) : word.parse(raw, say),
  };
}
