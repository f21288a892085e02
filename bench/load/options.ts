// The load client's command line.
import { isIP, isIPv4 } from 'node:net';
import { parseArgs } from 'node:util';
import { WolfguardError } from '../../core/error.ts';

export const MODES = ['hold', 'bulk', 'flood', 'storm', 'source'] as const;
export type Mode = (typeof MODES)[number];

export interface LoadOptions {
  readonly mode: Mode;
  readonly server: { readonly address: string; readonly port: number };
  /** `%` stands for a number from 0 to `users` - 1, so that sessions spread over accounts. */
  readonly user: string;
  readonly users: number;
  readonly password: string;
  /** '' = whichever the server names first. */
  readonly group: string;
  readonly sessions: number;
  /** Logins begun per second; 0 = as many as `parallel` allows. */
  readonly rate: number;
  /** Logins under way at a time. */
  readonly parallel: number;
  readonly seconds: number;
  readonly dtls: boolean;
  readonly sources: readonly string[];
  /** '' = no TUN device. */
  readonly tun: string;
  readonly offload: boolean;
  /** Ask the server for signs of life as the stock client does; DPD requests are always answered. */
  readonly dpd: boolean;
  readonly end: 'logout' | 'abrupt';
  /** Inside address that answers echo requests; '' = the first of the network pushed. */
  readonly target: string;
  /** Echo requests per second in all; 0 = none. */
  readonly probeRate: number;
  /** Sessions, chosen at random, that the echo requests go through. */
  readonly probeSessions: number;
  /** Small packets per second in all. */
  readonly packetRate: number;
  /** Packets that go through one session at a time. */
  readonly burst: number;
  /** Packets of the source that leave with one send (UDP_SEGMENT). */
  readonly train: number;
  /** Of the small packets, at both ends. */
  readonly port: number;
  /** Where the source sends them. */
  readonly to: readonly string[];
  readonly groups: string;
  readonly dtlsCiphers: string;
  readonly bufferBytes: number;
}

export const USAGE = `node bench/load.ts [MODE] --server ADDRESS:PORT --user NAME --password WORD [options]

  hold     connects all sessions and holds them (the default)
  bulk     the same with a TUN device: programs use the sessions' addresses
  flood    the same, and 64-byte UDP packets through all sessions
  storm    logs in and out again and again
  source   at the far end: 64-byte UDP packets to inside addresses (--to, no login)

  --sessions N          (1)    --rate R       logins begun per second, 0 = no limit (0)
  --parallel K          (32)   --seconds T    (10)
  --users N             % in --user becomes a number below N (1)
  --group NAME                 --sources A,B,C-D   outside addresses (IPv4 ranges)
  --dtls | --tls        (dtls) --end logout|abrupt (logout)
  --tun NAME                   --offload on|off    TUN and UDP offloads (on)
  --dpd on|off          (on)   --target ADDRESS    that answers echo requests
  --probe-rate R        (0)    --probe-sessions M  (100)
  --packet-rate R       (0)    --burst N (32)      --port P (9)
  --to A,B              inside addresses, for source; --train N  packets of one send (32)
  --groups LIST (X25519:P-256) --dtls-ciphers LIST (PSK-AES256-GCM-SHA384)
  --buffer BYTES        of each UDP socket; 0 = the system's (0)

JSON lines on stdout: "ready" with the sessions' addresses, and "report" at the end.
Progress on stderr. SIGINT or SIGTERM ends the run early. SIGUSR2 asks for a line "state": sessions
up, counters, and the round trips since the last such line.`;

/** Throws WolfguardError LOAD_USAGE with a sentence for the first thing that is wrong. */
export function parseOptions(argv: readonly string[]): LoadOptions {
  const { values, positionals } = parse(argv);
  const mode = MODES.find((name) => name === (positionals[0] ?? 'hold'));
  if (mode === undefined || positionals.length > 1) {
    throw usage(`the mode is one of ${MODES.join(', ')}`);
  }
  const offline = mode === 'source';
  const text = (name: keyof typeof values, fallback: string | undefined): string => {
    const value = values[name] ?? fallback;
    if (typeof value !== 'string') throw usage(`--${name} is missing`);
    return value;
  };
  const number = (name: keyof typeof values, fallback: number, least = 0): number => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isFinite(value) || value < least) {
      throw usage(`--${name} wants a number of at least ${least}`);
    }
    return value;
  };
  const count = (name: keyof typeof values, fallback: number): number => {
    const value = number(name, fallback, 1);
    if (!Number.isInteger(value)) throw usage(`--${name} wants a whole number`);
    return value;
  };
  const choice = <T extends string>(name: keyof typeof values, choices: readonly T[]): T => {
    const value = choices.find((one) => one === (values[name] ?? choices[0]));
    if (value === undefined) throw usage(`--${name} is one of ${choices.join(', ')}`);
    return value;
  };
  if (values.tls === true && values.dtls === true) throw usage('either --tls or --dtls');
  const target = text('target', '');
  if (target !== '' && isIP(target) === 0) throw usage('--target wants an IP address');
  return {
    mode,
    server: parseServer(text('server', offline ? '127.0.0.1:0' : undefined)),
    user: text('user', offline ? '' : undefined),
    users: count('users', 1),
    password: text('password', offline ? '' : undefined),
    group: text('group', ''),
    sessions: count('sessions', 1),
    rate: number('rate', 0),
    parallel: count('parallel', 32),
    seconds: number('seconds', 10),
    dtls: values.tls !== true,
    sources: parseAddresses('sources', text('sources', '')),
    tun: text('tun', mode === 'bulk' ? 'load0' : ''),
    offload: choice('offload', ['on', 'off']) === 'on',
    dpd: choice('dpd', ['on', 'off']) === 'on',
    end: choice('end', ['logout', 'abrupt']),
    target,
    probeRate: number('probe-rate', 0),
    probeSessions: count('probe-sessions', 100),
    packetRate: number('packet-rate', 0),
    burst: count('burst', 32),
    train: count('train', 32),
    port: count('port', 9),
    to: parseAddresses('to', text('to', '')),
    groups: text('groups', 'X25519:P-256'),
    dtlsCiphers: text('dtls-ciphers', 'PSK-AES256-GCM-SHA384'),
    bufferBytes: number('buffer', 0),
  };
}

function parse(argv: readonly string[]) {
  const word = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        ...{ server: word, user: word, users: word, password: word, group: word },
        ...{ sessions: word, rate: word, parallel: word, seconds: word, sources: word },
        ...{ dtls: flag, tls: flag, tun: word, offload: word, dpd: word, end: word },
        ...{ target: word, 'probe-rate': word, 'probe-sessions': word },
        ...{ 'packet-rate': word, burst: word, train: word, port: word, to: word },
        ...{ groups: word, 'dtls-ciphers': word, buffer: word },
      },
    });
  } catch (error) {
    throw usage(error instanceof Error ? error.message : String(error));
  }
}

/** "192.0.2.1:443" or "[2001:db8::1]:443". */
function parseServer(text: string): LoadOptions['server'] {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d+)$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (isIP(address) === 0 || !(port >= 0 && port <= 65_535)) {
    throw usage(`--server wants ADDRESS:PORT, not "${text}"`);
  }
  return { address, port };
}

/** More would be a slip of the pen: each is an address that the machine must have. */
const MAX_ADDRESSES = 65_536;

/** Single addresses and IPv4 ranges, separated by commas. */
function parseAddresses(name: string, text: string): string[] {
  const addresses = text.split(',').flatMap((item) => {
    if (item === '') return [];
    const [first = '', last, ...more] = item.split('-');
    if (last === undefined && isIP(first) !== 0) return [first];
    if (last === undefined || more.length > 0 || !isIPv4(first) || !isIPv4(last)) {
      throw usage(`--${name} wants addresses or IPv4 ranges, not "${item}"`);
    }
    const [from, to] = [ipv4ToNumber(first), ipv4ToNumber(last)];
    if (to < from || to - from >= MAX_ADDRESSES) throw usage(`--${name}: no range "${item}"`);
    return Array.from({ length: to - from + 1 }, (_, n) => numberToIpv4(from + n));
  });
  return addresses;
}

export const ipv4ToNumber = (text: string): number =>
  text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

export const numberToIpv4 = (number: number): string =>
  [24, 16, 8, 0].map((shift) => String(Math.floor(number / 2 ** shift) % 256)).join('.');

const usage = (message: string): WolfguardError => new WolfguardError('LOAD_USAGE', message);
