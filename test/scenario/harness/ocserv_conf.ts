// One ocserv.conf of test/scenario/ocserv_conf, started by wolfguard or by ocserv in a folder of its
// own, with one openconnect client, and what both had to say. Comments of the file direct the scene:
//
//   # user: bob                 who logs in (alice)         # name: NAME     the server name asked for
//   # client: --authgroup x     more arguments              # wrong: 2       wrong passwords first
//   # first: bob                somebody who is in already  # needs: radius | pam
//   # probe: curl …             instead of openconnect      # only: wolfguard
//   # expect: FACT = REGEX      the whole fact; "~" instead of "=": somewhere in it
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALICE, BOB, writeAccounts, type Account } from './accounts.ts';
import { Client, type ClientOptions } from './client.ts';
import { Freeradius } from './freeradius.ts';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';
import { sanitizerEnvironment } from './sanitizer.ts';
import { eventually } from './wait.ts';

export const CONF_FOLDER = fileURLToPath(new URL('../ocserv_conf', import.meta.url));
const WOLFGUARD = fileURLToPath(new URL('../../../cli/wolfguard.ts', import.meta.url));

/** TOTP of both: "12345678901234567890". */
export const TOKEN_SECRET = '3132333435363738393031323334353637383930';
const RADIUS_SECRET = 's3cret-of-radius';
const RADIUS_USERS = `
alice Cleartext-Password := "${ALICE.password}"
  Class := "OU=staff",
  Framed-IP-Address := 10.77.0.66,
  Framed-Route := "172.20.0.0/14",
  MS-Primary-DNS-Server := 10.77.0.53,
  Session-Timeout := 3600
`;
const START_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 30_000;

export interface Expectation {
  readonly fact: string;
  readonly whole: boolean;
  readonly pattern: string;
}

export interface Direction {
  readonly file: string;
  readonly user: string;
  readonly name: string | undefined;
  readonly clientArgs: readonly string[];
  readonly wrong: number;
  readonly first: string | undefined;
  readonly needs: readonly string[];
  readonly probe: string | undefined;
  readonly onlyWolfguard: boolean;
  readonly expectations: readonly Expectation[];
}

/** What the comments of a file say. */
export function directionOf(file: string): Direction {
  const text = readFileSync(path.join(CONF_FOLDER, file), 'utf8');
  const all = (name: string): string[] =>
    [...text.matchAll(new RegExp(`^# ${name}: (.*)$`, 'gm'))].map(([, value = '']) => value.trim());
  return {
    file,
    user: all('user')[0] ?? ALICE.user,
    name: all('name')[0],
    clientArgs: all('client').flatMap((line) => line.split(' ')),
    wrong: Number(all('wrong')[0] ?? 0),
    first: all('first')[0],
    needs: all('needs'),
    probe: all('probe')[0],
    onlyWolfguard: all('only').includes('wolfguard'),
    expectations: all('expect').map((line) => {
      const [, fact = '', sign = '', pattern = ''] = /^(\S+) ([=~]) ?(.*)$/.exec(line) ?? [];
      return { fact, whole: sign === '=', pattern };
    }),
  };
}

export type Facts = ReadonlyMap<string, string>;

export interface Stage {
  readonly lab: Lab;
  /** Certificates of people, made once for all. */
  readonly people: string;
  /** A command in front of the server, for those that need PAM. */
  readonly pamWrapper: readonly string[];
}

/** Plays the scene of one file, and returns what was seen. */
export async function play(
  { lab, people, pamWrapper }: Stage,
  direction: Direction,
  program: 'wolfguard' | 'ocserv',
): Promise<Facts> {
  const folder = lab.file(`${program}-${direction.file.replace('.conf', '')}`);
  setScene(folder, lab, people);
  const radius = direction.needs.includes('radius')
    ? await Freeradius.start(lab, { port: 1812, users: RADIUS_USERS, secret: RADIUS_SECRET })
    : undefined;
  const wrapper = direction.needs.includes('pam') ? pamWrapper : [];
  const server = startServer(lab, folder, direction.file, program, wrapper);
  const clients: Client[] = [];
  try {
    const facts = new Map<string, string>();
    if (await listens(lab, server, program)) {
      const connect = (options: ClientOptions): Client => {
        const client = new Client(lab, options);
        clients.push(client);
        return client;
      };
      await perform(lab, direction, folder, connect, facts);
    } else facts.set('outcome', 'unstartable');
    for (const client of clients) await client.logOut();
    if (server.running) await server.stop(15_000);
    facts.set('server', server.output);
    facts.set('hook', readIfThere(path.join(folder, 'hook.env')));
    return facts;
  } finally {
    for (const client of clients) await client.program.stop();
    await server.stop(15_000);
    await radius?.stop();
  }
}

async function perform(
  lab: Lab,
  direction: Direction,
  folder: string,
  connect: (options: ClientOptions) => Client,
  facts: Map<string, string>,
): Promise<void> {
  const { user, name, wrong, first, probe, clientArgs } = direction;
  if (probe !== undefined) {
    const { stdout, stderr } = lab.client.try('sh', ['-c', probe]);
    facts.set('outcome', 'probed');
    facts.set('client', stdout + stderr);
    return;
  }
  for (let n = 0; n < wrong; n++) {
    const client = connect({ account: { user, password: 'wrong' } });
    await client.program.waitForExit(CONNECT_TIMEOUT_MS);
  }
  if (first !== undefined) {
    await connect({ account: accountOf(first), device: 'tun1', bare: true }).configured();
  }
  const extra = ['--dump-http-traffic', ...clientArgs.map((one) => one.replace('@', `${folder}/`))];
  const certified = clientArgs.includes('-c');
  const client = connect({
    ...(user === 'nobody' ? {} : { account: accountOf(user) }),
    ...(certified ? { certificate: [] } : {}),
    ...(name !== undefined && { name }),
    bare: true,
    extra,
  });
  const connected = client.configured().then(
    () => true,
    () => false,
  );
  const ended = client.program.exited.then(() => false);
  const isIn = await Promise.race([connected, ended]);
  facts.set('outcome', isIn ? 'connected' : 'refused');
  if (isIn) takeFacts(client, facts);
  facts.set('client', client.program.output);
}

/** By the names that the expectations use. */
const TOLD: readonly (readonly [string, string])[] = [
  ['address', 'INTERNAL_IP4_ADDRESS'],
  ['netmask', 'INTERNAL_IP4_NETMASK'],
  ['address6', 'INTERNAL_IP6_NETMASK'],
  ['dns', 'INTERNAL_IP4_DNS'],
  ['dns6', 'INTERNAL_IP6_DNS'],
  ['nbns', 'INTERNAL_IP4_NBNS'],
  ['domain', 'CISCO_DEF_DOMAIN'],
  ['split-dns', 'CISCO_SPLIT_DNS'],
  ['banner', 'CISCO_BANNER'],
  ['mtu', 'INTERNAL_IP4_MTU'],
  ['proxy-pac', 'CISCO_PROXY_PAC'],
];

function takeFacts(client: Client, facts: Map<string, string>): void {
  for (const [fact, variable] of TOLD) facts.set(fact, client.told(variable));
  const list = (prefix: string, count: string): string[] =>
    Array.from({ length: Number(client.told(count) || 0) }, (_, n) => {
      const length = client.told(`${prefix}_${n}_MASKLEN`);
      return `${client.told(`${prefix}_${n}_ADDR`)}/${length}`;
    });
  const both = (kind: string): string =>
    [
      ...list(`CISCO_SPLIT_${kind}`, `CISCO_SPLIT_${kind}`),
      ...list(`CISCO_IPV6_SPLIT_${kind}`, `CISCO_IPV6_SPLIT_${kind}`),
    ]
      .sort()
      .join(' ');
  facts.set('routes', both('INC'));
  facts.set('no-routes', both('EXC'));
  facts.set('channel', client.channel);
  const headers = client.program.output.matchAll(/^(?:\[.*?\] )?(?:< )?(X-[\w-]+): (.*?)\r?$/gm);
  for (const [, name = '', value = ''] of headers) {
    const key = name.toLowerCase();
    const before = facts.get(key);
    facts.set(key, before === undefined || before === value ? value : `${before}, ${value}`);
  }
}

const accountOf = (user: string): Account =>
  [ALICE, BOB].find((one) => one.user === user) ?? { user, password: ALICE.password };

const readIfThere = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/** The folder in which the server is started: all paths of the files are relative to it. */
function setScene(folder: string, lab: Lab, people: string): void {
  mkdirSync(folder, { recursive: true });
  cpSync(CONF_FOLDER, folder, { recursive: true });
  cpSync(people, folder, { recursive: true });
  cpSync(lab.certificate.certificatePath, path.join(folder, 'server.pem'));
  cpSync(lab.certificate.keyPath, path.join(folder, 'server.key'));
  writeAccounts(path.join(folder, 'passwd'), [
    { ...ALICE, groups: ['staff', 'admins'] },
    BOB,
    { user: 'dora', password: ALICE.password, groups: ['guests'] },
  ]);
  writeAccounts(path.join(folder, 'passwd-partners'), [BOB]);
  const locked = readFileSync(path.join(folder, 'passwd'), 'utf8').replaceAll(':$', ':!$');
  writeFileSync(path.join(folder, 'passwd-locked'), locked, { mode: 0o600 });
  writeFileSync(
    path.join(folder, 'otp'),
    `HOTP/T30 alice - ${TOKEN_SECRET}\nHOTP/T30 bob - ${TOKEN_SECRET}\n`,
    { mode: 0o600 },
  );
  // The dictionary of radcli, and its secrets.
  writeFileSync(path.join(folder, 'radius-servers'), `127.0.0.1 ${RADIUS_SECRET}\n`, {
    mode: 0o600,
  });
  writeFileSync(
    path.join(folder, 'radius.conf'),
    [
      'nas-identifier my-nas',
      'authserver 127.0.0.1:1812',
      'acctserver 127.0.0.1:1813',
      `servers ${folder}/radius-servers`,
      'dictionary /etc/radcli/dictionary',
      'default_realm',
      'radius_timeout 5',
      'radius_retries 2',
      'bindaddr *',
      '',
    ].join('\n'),
  );
}

function startServer(
  lab: Lab,
  folder: string,
  file: string,
  program: 'wolfguard' | 'ocserv',
  wrapper: readonly string[],
): Program {
  const command = program === 'ocserv' ? ['ocserv'] : [process.execPath, WOLFGUARD, 'ocserv'];
  return lab.server.spawn(
    'env',
    [`--chdir=${folder}`, ...wrapper, ...command, '-f', '-d', '3', '-c', file],
    {
      env: {
        ...sanitizerEnvironment(),
        STATE_DIRECTORY: path.join(folder, 'state'),
        RUNTIME_DIRECTORY: path.join(folder, 'run'),
      },
    },
  );
}

/** False when it has ended instead. */
async function listens(lab: Lab, server: Program, program: string): Promise<boolean> {
  const isReady = (): boolean =>
    program === 'ocserv'
      ? lab.server.run('ss', ['-Hltn', 'sport = :443']).includes('LISTEN')
      : /\bready\b/.test(server.output);
  await eventually('the server listens', START_TIMEOUT_MS, () => !server.running || isReady());
  return server.running;
}
