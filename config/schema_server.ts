// The schema of what belongs to the machine: sockets, processes, state, network, limits.
import { boolean, choice, integer, list, optional, path, text } from './kinds.ts';
import { duration } from './kinds_quantity.ts';
import { deviceName, network, pool, socketAddress } from './kinds_net.ts';
import { key, table } from './table.ts';

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
    proxy_protocol: key(
      choice('off', 'v1', 'v2', 'any'),
      'off',
      'the PROXY header ahead of TLS: "off", "v1", "v2", "any"',
    ),
    proxy_trusted: key(
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
    tun_offload: key(boolean, true, 'super-packets of up to 64 KiB on the TUN device'),
    udp_gso: key(boolean, true, 'many datagrams in one send'),
    udp_gro: key(boolean, true, 'many datagrams in one receive'),
    raise_buffers: key(boolean, true, 'raise net.core.rmem_max and wmem_max at start where needed'),
  },
);

export const state = table(
  {},
  {
    dir: key(
      path('/var/lib/wolfguard'),
      '/var/lib/wolfguard',
      'embedded databases: sessions, bans, used one-time passwords',
    ),
    runtime_dir: key(path('/run/wolfguard'), '/run/wolfguard', 'sockets of this run'),
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
      integer(48, 128),
      128,
      'prefix length of what a client gets from an IPv6 pool; 128 = one address, 64 = a network',
    ),
    predictable: key(boolean, true, 'the same user tends to get the same address'),
    ping_before_lease: key(boolean, false, 'never lease an address that somebody answers from'),
    nat: key(boolean, false, "masquerade clients' traffic, as an nftables table of our own"),
    forwarding: key(boolean, true, "turn the kernel's forwarding on"),
  },
);

export const limits = table(
  { effect: 'at once' },
  {
    max_clients: key(integer(0, 1_000_000), 0, 'sessions on this server; 0 = no limit', {
      effect: 'new logins',
    }),
    cookie_lifetime: key(
      duration({ zero: false }),
      '5m',
      'how long a dropped session may come back with its cookie and address',
    ),
    persistent_cookies: key(boolean, false, 'keep the cookie after the client says goodbye'),
    // A tunnel takes datagrams by the rule that it was opened under.
    deny_roaming: key(boolean, false, 'a cookie counts only from the address it was given to', {
      effect: 'new connections',
    }),
    accept_rate: key(
      integer(0, 1_000_000),
      0,
      'new TCP connections per second and source (IPv6: a /64); 0 = no limit',
    ),
    drain: key(
      duration({ zero: true }),
      0,
      'at SIGTERM: refuse new logins and wait so long for sessions to end; 0 = stop at once',
    ),
  },
);
