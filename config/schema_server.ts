// The schema of what belongs to the machine: sockets, processes, TLS, network, limits, log.
import type { Kind } from './kind.ts';
import { boolean, choice, headers, integer, list, onlyNow, optional, path, text } from './kinds.ts';
import { duration } from './kinds_quantity.ts';
import { deviceName, domain, network, pool, socketAddress } from './kinds_net.ts';
import { key, later, table } from './table.ts';

/** The longest path of a Unix socket: sun_path holds 108 bytes with the final NUL. */
const SOCKET_PATH_BYTES = 107;

const isPath = (value: string): value is string => value.startsWith('/');
const isStdoutOrPath = (value: string): value is string => value === 'stdout' || isPath(value);

const listeners = list(socketAddress, 'addresses with a port');

export const listen = table(
  {},
  {
    tcp: key(
      list(socketAddress, 'addresses with a port', { nonEmpty: true }),
      ['[::]:443'],
      'TLS control channel; "[::]" is dual-stack',
    ),
    udp: key(listeners, ['[::]:443'], 'DTLS data channel; [] turns DTLS off'),
    proxy_protocol: later(
      choice('off', 'v1', 'v2', 'any'),
      'off',
      'the PROXY header ahead of TLS: "off", "v1", "v2", "any"',
    ),
    proxy_trusted: later(
      list(network, 'networks'),
      [],
      'only these sources may send it; others are closed',
    ),
  },
);

export const workers = table(
  {},
  {
    // A worker's number is one byte of the DTLS app-id [oc 8.4].
    count: key(integer(0, 256), 0, 'event-loop workers sharing the port; 0 = one per core'),
    user: key(
      text({ nonEmpty: true, example: '"nobody"' }),
      'nobody',
      'workers drop to this user once their sockets are open',
    ),
    group: key(text({ nonEmpty: true, example: '"nogroup"' }), 'nogroup', 'and to this group'),
    sandbox: key(boolean, true, 'seccomp, no_new_privs and no capabilities in workers'),
  },
);

export const engine = table(
  { about: 'the packet path; each offload turns itself off where the kernel refuses it' },
  {
    tun_offload: later(boolean, true, 'super-packets of up to 64 KiB on the TUN device'),
    udp_gso: later(boolean, true, 'many datagrams in one send'),
    udp_gro: later(boolean, true, 'many datagrams in one receive'),
    raise_buffers: key(boolean, true, 'raise net.core.rmem_max and wmem_max at start where needed'),
  },
);

export const state = table(
  {},
  {
    dir: key(
      path('/var/lib/wolfguard'),
      '/var/lib/wolfguard',
      'embedded database: cookies, leases',
    ),
    runtime_dir: key(path('/run/wolfguard'), '/run/wolfguard', 'sockets of this run'),
  },
);

export const tls = table(
  { reloadable: true },
  {
    certificate: key(
      path('/etc/wolfguard/server.pem'),
      '/etc/wolfguard/server.pem',
      'the chain as PEM, the server first',
    ),
    private_key: key(
      onlyNow(
        keyLocation('/etc/wolfguard/server.key'),
        isPath,
        'a path to a PEM file works now, for example "/etc/wolfguard/server.key"',
      ),
      '/etc/wolfguard/server.key',
      'PEM, without a passphrase; a pkcs11: URI is not available yet',
    ),
    min_version: key(choice('1.2', '1.3'), '1.2', '"1.2" or "1.3"'),
    groups: key(
      text({ example: '"X25519MLKEM768:X25519:P-256"' }),
      'X25519MLKEM768:X25519:P-256',
      'key exchange, post-quantum first; "" = the library\'s own',
    ),
    ciphers: key(text(), '', 'TLS 1.2 list in OpenSSL syntax; "" = the server\'s own'),
    ocsp_response: later(
      optional(path('/etc/wolfguard/ocsp.der')),
      '',
      'DER file to staple, re-read when it changes',
    ),
    client_ca: later(
      optional(path('/etc/wolfguard/client-ca.pem')),
      '',
      'turns certificate login on',
    ),
    client_crl: later(
      optional(path('/etc/wolfguard/client.crl')),
      '',
      'revoked client certificates',
    ),
    user_field: later(
      text(),
      'CN',
      'where the user stands in a client certificate: CN, UID, SAN:email, SAN:upn, an OID',
    ),
    group_field: later(text(), 'OU', 'where the group stands'),
  },
);

export const acme = table(
  { about: 'certificates from an ACME authority instead of files' },
  {
    directory: later(text(), '', 'URL of the authority'),
    domains: later(list(domain, 'domains'), [], 'names to certify'),
    email: later(text(), '', 'where the authority writes to'),
  },
);

export const dtls = table(
  {},
  {
    legacy: key(
      boolean,
      true,
      'Cisco clients: the resumption-style handshake (X-DTLS12-CipherSuite)',
    ),
    min_version: later(choice('1.0', '1.2'), '1.2', '"1.0" only for very old Cisco clients'),
  },
);

export const networkSection = table(
  {},
  {
    device: key(deviceName, 'wolf0', 'one TUN device, a queue per worker'),
    ipv4: key(
      optional(pool(4, 8, 30)),
      '10.77.0.0/16',
      'address pool, /8 to /30; the first address is the server\'s; "" = none',
    ),
    ipv6: key(optional(pool(6, 16, 126)), '', 'e.g. "fd00:77::/64"; "" = none'),
    ipv6_prefix_per_client: key(
      onlyNow(
        integer(48, 128),
        (value): value is 128 => value === 128,
        'only 128, one address per client',
      ),
      128,
      'prefix length of what a client gets; only 128 for now',
    ),
    predictable: key(boolean, true, 'the same user tends to get the same address'),
    ping_before_lease: later(boolean, false, 'never lease an address that somebody answers from'),
    nat: key(boolean, false, "masquerade clients' traffic, as an nftables table of our own"),
    forwarding: key(boolean, true, "turn the kernel's forwarding on"),
  },
);

export const limits = table(
  { reloadable: true },
  {
    max_clients: key(integer(0, 1_000_000), 0, 'sessions on this server; 0 = no limit'),
    cookie_lifetime: key(
      duration({ zero: false }),
      '5m',
      'how long a dropped session may come back with its cookie and address',
    ),
    persistent_cookies: key(boolean, false, 'keep the cookie after the client says goodbye'),
    deny_roaming: key(boolean, false, 'a cookie counts only from the address it was given to'),
    accept_rate: later(
      integer(0, 1_000_000),
      0,
      'new TCP connections per second and source; 0 = no limit',
    ),
    drain: later(
      duration({ zero: true }),
      0,
      'at SIGTERM: refuse new logins and wait this long before stopping',
    ),
  },
);

export const ban = table(
  { reloadable: true, about: 'sources that collect too many points are locked out for a while' },
  {
    max_score: later(integer(0, 1_000_000), 80, 'points that ban a source'),
    wrong_password: later(integer(0, 1_000_000), 10, 'points for a wrong password'),
    failed_connect: later(integer(0, 1_000_000), 1, 'points for a connection without a login'),
    kkdcp: later(integer(0, 1_000_000), 1, 'points for a request to the Kerberos proxy'),
    reset_after: later(duration({ zero: false }), '20m', 'when points are forgotten'),
    allow: later(list(network, 'networks'), [], 'never banned'),
  },
);

export const camouflage = table(
  {
    reloadable: true,
    about: 'look like an ordinary web server unless the URL carries the secret',
  },
  {
    secret: later(text(), '', 'what the URL must carry; "" = off'),
    realm: later(text(), '', 'asks others for a password to this realm'),
  },
);

export const http = table(
  { reloadable: true },
  { headers: key(headers, {}, 'extra response headers, e.g. { "X-Frame-Options" = "DENY" }') },
);

export const hooks = table(
  {
    reloadable: true,
    about: "run with ocserv's environment variables, so its scripts go on working",
  },
  {
    connect: later(optional(path('/etc/wolfguard/connect')), '', 'run when a session opens'),
    disconnect: later(optional(path('/etc/wolfguard/disconnect')), '', 'run when it closes'),
    host_update: later(
      optional(path('/etc/wolfguard/update')),
      '',
      'run when its host name changes',
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
  { listen: later(optional(socketAddress), '', 'e.g. "127.0.0.1:9100"; "" = off') },
);

export const log = table(
  {},
  {
    level: key(
      choice('trace', 'debug', 'info', 'warn', 'error', 'fatal'),
      'info',
      '"trace", "debug", "info", "warn", "error", "fatal"',
      { reloadable: true },
    ),
    format: key(choice('json', 'pretty'), 'json', '"json" or "pretty"'),
    destination: key(
      onlyNow(logDestination(), isStdoutOrPath, '"stdout" and paths work now'),
      'stdout',
      '"stdout" or a path; "journal" and "syslog" are not available yet',
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

/** A path, or the URI of a key in a hardware module. */
function keyLocation(example: string): Kind<string> {
  const file = path(example);
  return {
    ...file,
    parse: (raw, say) =>
      typeof raw === 'string' && raw.startsWith('pkcs11:') ? raw : file.parse(raw, say),
  };
}

/** A word for a well-known place, or a path. */
function logDestination(): Kind<string> {
  const file = path('/var/log/wolfguard.log');
  const word = choice('stdout', 'journal', 'syslog');
  return {
    ...file,
    name: '"stdout" or path',
    parse: (raw, say) =>
      typeof raw === 'string' && raw.startsWith('/') ? file.parse(raw, say) : word.parse(raw, say),
  };
}
