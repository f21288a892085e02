// The quick start: from an empty folder to a server that one pasted command connects to.
//
//   prepareQuickStart()   before the server: folder, authority, certificate, user, wolfguard.toml
//   announce()            once it listens: the command, and what to do next
//
// A start that finds these files uses them and makes only what is missing or about to expire.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { readNamedFile, reasonOf, writeFileAtomically } from '../certs/files.ts';
import { identityOfThisMachine, isDnsName } from '../certs/identity.ts';
import { pinOf } from '../certs/pin.ts';
import { ensureQuickStartCertificates } from '../certs/quick_start.ts';
import { WolfguardError } from '../core/error.ts';
import { parseIp } from '../core/net/address.ts';
import { renderAnnouncement, shellWord } from './quick_start_announce.ts';
import { readEditedConfig, renderConfig, runtimeDirOf } from './quick_start_config.ts';
import { readMachine, type Machine } from './quick_start_machine.ts';
import { addressToAnnounce, chooseIpv4Pool, uniqueLocalPool } from './quick_start_network.ts';
import { ensureUser } from './quick_start_user.ts';

const HTTPS_PORT = 443;
const DEFAULT_USER = 'wolf';
/** Where `npm start` puts it; wolfctl looks there by itself. */
const USUAL_STATE_DIR = '.wolfguard';

export interface QuickStartOptions {
  /** The folder for everything that is made; made itself where it is missing. */
  readonly stateDir: string;
  /** TCP and UDP port of a first start; later ones read it from wolfguard.toml. */
  readonly port: number;
  /** The name or address that clients shall use, where the machine cannot know it. */
  readonly address?: string;
  /** Give the user a new random password. */
  readonly newPassword: boolean;
}

export interface QuickStart {
  readonly configPath: string;
  /** This start wrote wolfguard.toml. */
  readonly firstStart: boolean;
  /** The text to print when the server listens. The password in it is not shown again. */
  announce(): string;
}

/** Makes what is missing in the state folder; throws WolfguardError. */
export async function prepareQuickStart(options: QuickStartOptions): Promise<QuickStart> {
  checkAddress(options.address);
  const stateDir = path.resolve(options.stateDir);
  const configPath = path.join(stateDir, 'wolfguard.toml');
  const found = readEditedConfig(configPath);
  const firstStart = found === 'none';
  const edited = typeof found === 'string' ? undefined : found;
  checkPort(options.port, edited?.port, configPath);
  makeStateDir(stateDir);
  const machine = readMachine();
  const files = await ensureQuickStartCertificates(
    stateDir,
    identityOfThisMachine(options.address),
    Date.now(),
  );
  const passwdFile = edited?.passwdFile ?? path.join(stateDir, 'passwd');
  const user = await ensureUser(passwdFile, machine.sudoUser ?? DEFAULT_USER, options.newPassword);
  if (firstStart) {
    const config = configFor(machine, { ...files, stateDir, port: options.port, passwdFile });
    writeFileAtomically(configPath, config, 0o600);
  }
  return {
    configPath,
    firstStart,
    announce: () => {
      const text = renderAnnouncement({
        password: user.password,
        user: user.name,
        pin: pinOf(readNamedFile(edited?.certificate ?? files.certificate, 'certificate')),
        address: options.address ?? addressToAnnounce(machine.addresses, machine.defaultDevice),
        port: edited?.port ?? options.port,
        stateDir,
        wolfctl: wolfctlCommand(
          edited?.adminSocket ?? path.join(runtimeDirOf(stateDir), 'admin.sock'),
        ),
        remarks: firstStart && !machine.hasNft ? [NO_NFT] : [],
      });
      user.shown();
      return text;
    },
  };
}

const NO_NFT =
  'The program nft is not installed, so clients reach this machine and each other but not the Internet: apt-get install nftables, then set nat = true and routes = [] in wolfguard.toml.';

function configFor(
  machine: Machine,
  made: {
    readonly stateDir: string;
    readonly port: number;
    readonly certificate: string;
    readonly privateKey: string;
    readonly passwdFile: string;
  },
): string {
  const taken = [...machine.addresses.map(({ cidr }) => cidr), ...machine.resolvers];
  return renderConfig({
    ...made,
    ipv4: chooseIpv4Pool(taken),
    ipv6: machine.hasIpv6 ? uniqueLocalPool(randomBytes(5)) : '',
    dualStack: machine.hasIpv6,
    nat: machine.hasNft,
    dns: machine.resolvers,
  });
}

/** Only a folder of our own making is hidden from git and from other users. */
function makeStateDir(stateDir: string): void {
  try {
    const made = !existsSync(stateDir);
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    if (made) writeFileSync(path.join(stateDir, '.gitignore'), '*\n');
  } catch (error) {
    throw new WolfguardError(
      'QUICK_START_FOLDER',
      `cannot make the folder ${stateDir}: ${reasonOf(error)}; start in a folder that you may write to`,
    );
  }
}

function checkAddress(address: string | undefined): void {
  if (address === undefined || parseIp(address) !== undefined || isDnsName(address)) return;
  throw new WolfguardError(
    'QUICK_START_ADDRESS',
    `"${address}" is neither a host name nor an IP address: give the one that clients shall connect to, without port and brackets`,
  );
}

/** A port that differs from the file's was asked for at a start that would not heed it. */
function checkPort(port: number, configured: number | undefined, configPath: string): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new WolfguardError(
      'QUICK_START_PORT',
      `${port} is not a port: give a number from 1 to 65535`,
    );
  }
  if (configured === undefined || port === configured || port === HTTPS_PORT) return;
  throw new WolfguardError(
    'QUICK_START_PORT',
    `${configPath} says port ${configured}: change listen.tcp and listen.udp there, or start without a port`,
  );
}

/** wolfctl as it can be typed in this folder, where it finds the socket of the usual state folder. */
function wolfctlCommand(socket: string): string {
  const program = path.join(import.meta.dirname, `wolfctl${path.extname(import.meta.filename)}`);
  const ownNode = path.join(import.meta.dirname, '../node_modules/.bin/node');
  const node = existsSync(ownNode) ? ownNode : process.execPath;
  const usual = path.join(runtimeDirOf(path.resolve(USUAL_STATE_DIR)), 'admin.sock');
  const named = socket === usual ? [] : ['--socket', socket];
  return ['sudo', node, program, ...named].map(shortest).map(shellWord).join(' ');
}

function shortest(file: string): string {
  if (!path.isAbsolute(file)) return file;
  const relative = path.relative(process.cwd(), file);
  return relative.length < file.length && !relative.startsWith('..') ? relative : file;
}
