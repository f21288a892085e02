// Masquerading, as an nftables table of our own. The table has the `owner` flag: it belongs to the
// netlink socket of one nft process that is kept running, and the kernel removes it with that
// process. nft ends when its standard input does, so the table goes with the primary even when the
// primary is killed; nobody else can change it meanwhile ("nft flush ruleset" passes it by).
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { WolfguardError } from '../core/error.ts';
import type { Milliseconds } from '../core/units.ts';

export interface FirewallOptions {
  /** The TUN device. */
  readonly device: string;
  /** The table is gone although nobody has called close: clients reach the outside no more. */
  readonly onLost?: (message: string) => void;
  /** Another nft, in tests. */
  readonly program?: string;
}

export interface Firewall {
  /** Removes the table; idempotent, resolves when it is gone. */
  close(): Promise<void>;
}

/**
 * Masquerades what clients send out of other devices. Throws WolfguardError: NFT_MISSING without the
 * program, NFT_TABLE_TAKEN when somebody else has a table of that name, NFT_FAILED with the words of
 * nft; then nothing has changed.
 */
export async function openFirewall(options: FirewallOptions): Promise<Firewall> {
  const nft = await startNft(options.program ?? 'nft');
  try {
    await loadTable(nft, options);
  } catch (error) {
    await stopNft(nft);
    throw error;
  }
  const lost = (): void =>
    options.onLost?.(`nft has ended: the table of ${options.device} is gone`);
  nft.once('exit', lost);
  return {
    close: () => {
      nft.off('exit', lost);
      return stopNft(nft);
    },
  };
}

/**
 * The table on one line, as nft reads it from its standard input: one transaction, which fails where
 * there is a table of that name. What counts is where a packet comes from, so that all pools, fixed
 * addresses beside them and networks behind clients are alike.
 */
export function renderTable({ device }: Pick<FirewallOptions, 'device'>): string {
  const name = JSON.stringify(device);
  const table = `inet ${tableName(device)}`;
  return [
    // With "create", nft 1.0 makes nothing of a chain that stands inside the braces.
    `create table ${table} { flags owner; }`,
    `add chain ${table} postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
    // From client to client nothing is hidden, and the server knows its clients by their addresses.
    `add rule ${table} postrouting iifname ${name} oifname != { ${name}, "lo" } masquerade`,
  ].join('; ');
}

/** What our table is called; it is of the family inet. */
export const tableName = (device: string): string =>
  `wolfguard_${device.replaceAll(/[^\w.-]/g, '_')}`;

export const nftMissing = (): WolfguardError =>
  new WolfguardError(
    'NFT_MISSING',
    'network.nat needs the program nft: install the package nftables (apt-get install nftables), or ' +
      'set network.nat = false',
  );

/** What an operator can do about words of nft against our table; `isThere`: one of its name is. */
export function nftRefused(errors: string, isThere: boolean, device: string): WolfguardError {
  if (!isThere)
    return failed(/^(?:.*Error: )?(.+)$/m.exec(errors)?.[1] ?? 'it ended without a word');
  const table = `table inet ${tableName(device)}`;
  return new WolfguardError(
    'NFT_TABLE_TAKEN',
    `network.nat: there is a ${table} already, and somebody else has made it: remove it if nobody ` +
      `needs it (nft delete ${table}), or set another network.device`,
  );
}

/** nft answers in milliseconds; the first call may load kernel modules. */
const ANSWER_MS: Milliseconds = 10_000;
const EXIT_MS: Milliseconds = 2_000;

async function startNft(program: string): Promise<ChildProcessWithoutNullStreams> {
  // Detached: Ctrl-C must not reach it before the primary has said goodbye to the clients.
  const nft = spawn(program, ['--interactive'], {
    detached: true,
    env: {
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      LC_ALL: 'C',
      // It would keep a history of its commands there.
      HOME: '/dev/null',
    },
  });
  // Writing to an nft that has ended is seen as its exit.
  nft.stdin.on('error', () => undefined);
  try {
    await once(nft, 'spawn');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw nftMissing();
    }
    throw failed(String(error));
  }
  return nft;
}

/**
 * nft says nothing when a command was right: so the next one asks for the table's name, which may be
 * somebody else's. An error was written before that answer: it has been read when the event loop is
 * through.
 */
function loadTable(
  nft: ChildProcessWithoutNullStreams,
  { device }: FirewallOptions,
): Promise<void> {
  const line = `table inet ${tableName(device)}`;
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    const isThere = (): boolean => output.split('\n').includes(line);
    const settle = (action: () => void): void => {
      clearTimeout(timer);
      nft.off('close', ended);
      action();
    };
    const ended = (): void => settle(() => reject(nftRefused(errors, isThere(), device)));
    const timer = setTimeout(() => settle(() => reject(failed('it does not answer'))), ANSWER_MS);
    nft.once('close', ended);
    nft.stdout.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MAX_OUTPUT);
      if (!isThere()) return;
      setImmediate(() => {
        if (errors === '') settle(resolve);
      });
    });
    nft.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-MAX_OUTPUT);
      if (/^Error: .*\n/m.test(errors)) nft.stdin.end();
    });
    nft.stdin.write(`${renderTable({ device })}\nlist tables inet\n`);
  });
}

/** Far more than nft ever says to us; a bound all the same. */
const MAX_OUTPUT = 65_536;

async function stopNft(nft: ChildProcessWithoutNullStreams): Promise<void> {
  if (nft.exitCode !== null || nft.signalCode !== null) return;
  const exited = once(nft, 'exit');
  nft.stdin.end();
  const timer = setTimeout(() => nft.kill('SIGKILL'), EXIT_MS);
  await exited;
  clearTimeout(timer);
}

const failed = (reason: string): WolfguardError =>
  new WolfguardError(
    'NFT_FAILED',
    `network.nat: nft cannot load our table (${reason}): it takes root, nftables 0.9.9 and Linux ` +
      '5.12 or later, with the kernel modules nf_tables and nft_masq',
  );
