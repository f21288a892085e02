// What doctor says: the checks by their names, which scripts may rely on, and their outcomes.

/** Every check by its name, with what it is about, as docs/operations.md lists them. */
export const CHECKS = {
  configuration: 'the configuration file, as `wolfguard check` reads it',
  server: 'whether a server runs on this configuration, and how it is',
  kernel: 'the version of Linux',
  node: 'the version of Node',
  tun: '/dev/net/tun, tried with a device of several queues',
  'tun-offload': 'super-packets of TCP and UDP on the TUN device',
  steering: 'eBPF programs that bring packets to their workers',
  'udp-offloads': 'trains of datagrams, tried on loopback',
  'socket-buffers': 'how much a UDP socket may hold',
  port: 'each address of `listen`: free, or taken by whom',
  nofile: 'open files a process may have, beside `limits.max_clients`',
  'forwarding-ipv4': 'whether the kernel forwards IPv4 between the tunnel and the rest',
  'forwarding-ipv6': 'the same for IPv6',
  'router-advertisements': 'whether a machine that forwards IPv6 still hears its router',
  'rp-filter': 'reverse path filters that drop what comes back another way',
  'forward-firewall': 'firewalls of others that drop what is forwarded',
  nat: '`network.nat`: nft, the kernel and the name of our table',
  'pool-address': 'addresses of this machine inside a pool',
  'pool-route': 'routes of this machine inside a pool',
  certificate: 'certificates and keys: order, chain, names, term',
  'revocation-list': 'revocation lists of client certificates',
  'ocsp-response': 'stapled OCSP responses',
  clock: "this machine's clock",
  'state-dir': '`state.dir`: writable, on a disk that lasts, with room',
  'secret-file': 'owner and mode of files with secrets',
} as const;

export type CheckId = keyof typeof CHECKS;

/** 'unchecked': it could not be found out, mostly for want of root. */
export type Level = 'ok' | 'warning' | 'problem' | 'unchecked';

export interface Finding {
  readonly id: CheckId;
  readonly level: Level;
  /** One line. */
  readonly what: string;
  /** One line: the command to run or the key to change; null where all is well. */
  readonly mend: string | null;
}

export const ok = (id: CheckId, what: string): Finding => ({ id, level: 'ok', what, mend: null });

export const warning = (id: CheckId, what: string, mend: string): Finding => ({
  id,
  level: 'warning',
  what,
  mend,
});

export const problem = (id: CheckId, what: string, mend: string): Finding => ({
  id,
  level: 'problem',
  what,
  mend,
});

export const unchecked = (id: CheckId, what: string, mend: string = AS_ROOT): Finding => ({
  id,
  level: 'unchecked',
  what,
  mend,
});

const AS_ROOT = 'run wolfguard doctor as root';

/** A sentence of the server's own, "what: mend" or "what; mend", as the two that it is made of. */
export function splitSentence(sentence: string): { readonly what: string; readonly mend: string } {
  const parts = /^(.+): (.+)$/s.exec(sentence) ?? /^(.+); (.+)$/s.exec(sentence) ?? [];
  const [, what = sentence, mend = 'docs/operations.md may help'] = parts;
  return { what, mend };
}
