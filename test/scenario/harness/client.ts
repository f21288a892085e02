// The stock openconnect client, run on a host of the lab with a script of ours instead of vpnc's.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Account } from './accounts.ts';
import type { Host } from './host.ts';
import { SERVER_IPV4, type Lab } from './lab.ts';
import type { Exit, Program } from './program.ts';
import { eventually } from './wait.ts';

/** A login, the DTLS handshake (12 s if lost once) and the MTU search (10 s at most) [oc 8.6]. */
const CONNECT_TIMEOUT_MS = 30_000;

const SCRIPT = fileURLToPath(new URL('vpnc-script.sh', import.meta.url));

export interface ClientOptions {
  readonly account?: Account;
  /** A certificate to log in with: openconnect's options for it. */
  readonly certificate?: readonly string[];
  /** Where it runs; the lab's client host if left out. */
  readonly host?: Host;
  /** Name of its tun device; several clients on one host need different ones. */
  readonly device?: string;
  /** false: --no-dtls */
  readonly dtls?: boolean;
  /** The server's outside address. */
  readonly server?: string;
  /** The name that it asks for; the server's address if left out. */
  readonly name?: string;
  /** The pin of the certificate that it expects; the lab's if left out. */
  readonly pin?: string;
  /** What stands behind the server's name in the URL: "/staff", "/?secret". */
  readonly path?: string;
  /** Starts with this cookie instead of logging in. */
  readonly cookie?: string;
  /** The script only records: the device gets no address and no route. */
  readonly bare?: boolean;
  readonly extra?: readonly string[];
  /** For its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

let started = 0;

export class Client {
  readonly program: Program;
  readonly host: Host;
  readonly device: string;
  readonly #record: string;

  constructor(lab: Lab, options: ClientOptions = {}) {
    started += 1;
    this.host = options.host ?? lab.client;
    this.device = options.device ?? 'tun0';
    this.#record = lab.file(`client-${started}`);
    mkdirSync(this.#record);
    const login = credentials(options);
    this.program = this.host.spawn(
      'openconnect',
      [
        ...['--servercert', options.pin ?? lab.certificate.pin, '--non-inter', '--timestamp'],
        ...resolution(options),
        ...['--interface', this.device, '--script', SCRIPT],
        ...(options.dtls === false ? ['--no-dtls'] : []),
        ...login.args,
        ...(options.extra ?? []),
        url(options),
      ],
      {
        input: login.input,
        env: {
          ...options.env,
          SCENARIO_RECORD: this.#record,
          ...(options.bare === true ? { SCENARIO_BARE: '1' } : {}),
        },
      },
    );
    lab.onClose(() => this.program.stop());
  }

  /** Starts a client and waits until its tunnel is configured. */
  static async connect(lab: Lab, options: ClientOptions = {}): Promise<Client> {
    const client = new Client(lab, options);
    await client.configured();
    return client;
  }

  /** Resolves when the client says that its tunnel is configured and its script has done it. */
  async configured(): Promise<void> {
    await this.program.waitFor(/^.*Configured as .*connected/m, CONNECT_TIMEOUT_MS);
    await eventually('the script is done', 20_000, () => this.calls.includes('connect'));
  }

  /** How the tunnel stood when it was configured. */
  get channel(): 'dtls' | 'tls' {
    return /with SSL.* connected and DTLS.* (connected|established)/.test(this.program.output)
      ? 'dtls'
      : 'tls';
  }

  get ipv4(): string {
    return this.told('INTERNAL_IP4_ADDRESS');
  }

  get ipv6(): string {
    return this.told('INTERNAL_IP6_NETMASK').replace(/\/.*/, '');
  }

  /** What the script was told at its last call for this reason: a variable of its environment. */
  told(variable: string, reason = 'connect'): string {
    const entries = readFileSync(`${this.#record}/${reason}.env`, 'utf8').split('\0');
    const entry = entries.find((line) => line.startsWith(`${variable}=`));
    return entry?.slice(variable.length + 1) ?? '';
  }

  /** The reasons for which the script has been called so far, in order. */
  get calls(): string[] {
    const file = `${this.#record}/calls`;
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  /** Leaves with a BYE: the session is over [oc 6.3]. */
  async logOut(): Promise<Exit> {
    this.program.signal('SIGINT');
    return this.program.waitForExit(10_000);
  }

  /** Leaves without a BYE: the session may be taken up again [oc 6.3]. */
  async leave(): Promise<Exit> {
    this.program.signal('SIGHUP');
    return this.program.waitForExit(10_000);
  }

  /** Dies without a word. */
  async kill(): Promise<Exit> {
    this.program.signal('SIGKILL');
    return this.program.waitForExit(10_000);
  }
}

/** Logs in without opening a tunnel and returns what -C takes [oc 3]. */
export async function fetchCookie(lab: Lab, options: ClientOptions = {}): Promise<string> {
  const host = options.host ?? lab.client;
  const login = credentials(options);
  const program = host.spawn(
    'openconnect',
    [
      ...['--authenticate', '--servercert', options.pin ?? lab.certificate.pin, '--non-inter'],
      ...resolution(options),
      ...login.args,
      url(options),
    ],
    { input: login.input },
  );
  const [, cookie] = await program.waitFor(/^COOKIE='(.*)'$/m, CONNECT_TIMEOUT_MS);
  await program.waitForExit(5000);
  return cookie ?? '';
}

function credentials(options: ClientOptions): { args: string[]; input: string } {
  if (options.cookie !== undefined)
    return { args: ['--cookie-on-stdin'], input: `${options.cookie}\n` };
  const { account, certificate } = options;
  const shown = certificate ?? [];
  if (account !== undefined) {
    const args = [...shown, '--user', account.user, '--passwd-on-stdin'];
    return { args, input: `${account.password}\n` };
  }
  if (certificate === undefined) throw new Error('a client needs a way to log in');
  return { args: [...shown], input: '' };
}

const resolution = ({ name, server = SERVER_IPV4 }: ClientOptions): string[] =>
  name === undefined ? [] : ['--resolve', `${name}:${server}`];

function url(options: ClientOptions): string {
  const server = options.name ?? options.server ?? SERVER_IPV4;
  const host = server.includes(':') ? `[${server}]` : server;
  return `https://${host}${options.path ?? ''}`;
}
