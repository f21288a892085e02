// Socket activation: a service manager may open the sockets of `listen` and of the admin socket
// before it starts us (sd_listen_fds(3)). It keeps them open, so nobody is refused while we restart.
// A worker takes such a socket as its own; the others get sockets of ours beside it on the same port.
import { WolfguardError } from '../core/error.ts';
import { parseIp, sameIp } from '../core/net/address.ts';
import type { Config } from '../config/schema.ts';
import type { SocketFacts, System } from '../native/system.ts';

/** A socket that this process was started with. */
export interface PassedSocket extends SocketFacts {
  readonly fd: number;
}

/** Which of our own addresses have been opened already. */
export interface PassedSockets {
  /** The descriptor for an entry of listen.tcp or listen.udp, if one was passed. */
  find(protocol: 'tcp' | 'udp', address: string, port: number): number | undefined;
  /** The descriptor for admin.socket, if it was passed. */
  readonly admin: number | undefined;
}

type Named = Pick<Config, 'listen' | 'admin'>;

/** A start without a service manager, or with one that opens nothing. */
export const NOTHING_PASSED: PassedSockets = { find: () => undefined, admin: undefined };

/** The first descriptor that is passed, by the protocol of sd_listen_fds(3). */
const FIRST_FD = 3;

/**
 * What LISTEN_FDS says, if LISTEN_PID says that it is meant for us. Takes the variables away: no
 * child is to believe them. Throws WolfguardError for a descriptor that is no socket.
 */
export function takePassedSockets(
  environment: NodeJS.ProcessEnv,
  pid: number,
  { describeSocket }: Pick<System, 'describeSocket'>,
): PassedSocket[] {
  const { LISTEN_PID: meant, LISTEN_FDS: count } = environment;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) {
    Reflect.deleteProperty(environment, name);
  }
  if (Number(meant) !== pid) return [];
  return Array.from({ length: Number(count) || 0 }, (_, index) => {
    const fd = FIRST_FD + index;
    try {
      return { fd, ...describeSocket(fd) };
    } catch (error) {
      throw refusal(`descriptor ${fd} of LISTEN_FDS is no socket (${(error as Error).message})`);
    }
  });
}

/**
 * Finds the key for each passed socket. Throws WolfguardError for one that no key names: its port
 * would be open, and nobody would answer there.
 */
export function claimSockets(config: Named, passed: readonly PassedSocket[]): PassedSockets {
  const claimed = new Map<string, PassedSocket>();
  for (const socket of passed) {
    const name = nameIn(config, socket);
    if (name === undefined) throw refusal(`${titleOf(socket)} is ${adviceFor(socket)}`);
    if (claimed.has(name)) throw refusal(`${titleOf(socket)} was passed twice: name it once`);
    claimed.set(name, socket);
  }
  return {
    find: (protocol, address, port) => claimed.get(nameOf(protocol, address, port))?.fd,
    admin: claimed.get(ADMIN)?.fd,
  };
}

const ADMIN = 'admin';
const nameOf = (protocol: string, address: string, port: number): string =>
  `${protocol} ${address} ${port}`;

function nameIn({ listen, admin }: Named, socket: PassedSocket): string | undefined {
  const { kind, address, port } = socket;
  if (kind === 'unix') return address === admin.socket ? ADMIN : undefined;
  if (kind === 'other') return undefined;
  const key = listen[kind].find((entry) => entry.port === port && same(entry.address, address));
  if (key === undefined) return undefined;
  if (address === '::' && !socket.dualStack) {
    throw refusal(
      `${titleOf(socket)} takes IPv6 only, and listen.${kind} means both by it: set BindIPv6Only=both`,
    );
  }
  return nameOf(kind, key.address, key.port);
}

function same(a: string, b: string): boolean {
  const [left, right] = [parseIp(a), parseIp(b)];
  return left !== undefined && right !== undefined && sameIp(left, right);
}

function titleOf({ kind, address, port }: PassedSocket): string {
  const host = address.includes(':') ? `[${address}]` : address;
  switch (kind) {
    case 'tcp':
    case 'udp':
      return `the ${kind.toUpperCase()} socket ${host}:${port}`;
    case 'unix':
    case 'other':
      return `the socket ${address}`;
  }
}

function adviceFor({ kind }: PassedSocket): string {
  switch (kind) {
    case 'tcp':
    case 'udp':
      return `not in listen.${kind}: add it there, or take it out of the socket unit`;
    case 'unix':
      return 'not admin.socket: make the two the same, or take it out of the socket unit';
    case 'other':
      return 'of no kind that is used here: take it out of the socket unit';
  }
}

const refusal = (what: string): WolfguardError =>
  new WolfguardError('PASSED_SOCKET', `the service manager passes what cannot be used: ${what}`);
