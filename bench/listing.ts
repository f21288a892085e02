// How long wolfctl takes to list many sessions: the real session table, admin commands and admin
// socket in this process, the real wolfctl in another; only what workers say of their tunnels is
// made up here.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { pino } from 'pino';
import type { TunnelStatus } from '../core/ipc/messages.ts';
import { NO_ATTRIBUTES } from '../core/policy/attributes.ts';
import { Admin } from '../server/admin.ts';
import { openAdminSocket } from '../server/admin_socket.ts';
import { localAddressesOf } from '../server/pools.ts';
import { SessionStore } from '../server/session_store.ts';
import { Readiness } from '../server/readiness.ts';
import { Sessions } from '../server/sessions.ts';
import { Statistics } from '../server/statistics.ts';
import { cidr, client, limits, policy } from '../test/unit/core/session/fixture.ts';

const USAGE = `node bench/listing.ts [options]

  --sessions N   (10000)
  --runs N       of each command; the median counts (5)`;

const { values } = parseArgs({
  options: {
    ...{ sessions: { type: 'string' }, runs: { type: 'string' } },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) {
  console.log(USAGE);
  process.exit(0);
}

const WOLFCTL = fileURLToPath(new URL('../cli/wolfctl.ts', import.meta.url));
const WORKERS = 2;
const COMMANDS: readonly (readonly string[])[] = [
  ['--version'],
  ['show', 'status'],
  ['show', 'users'],
  ['show', 'users', '--json'],
  ['show', 'sessions', 'all', '--json'],
  ['show', 'user', 'user17'],
];

const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-listing-'));
try {
  await measure(Number(values.sessions ?? 10_000), Number(values.runs ?? 5));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function measure(count: number, runs: number): Promise<void> {
  const pools = [cidr('10.64.0.0/12'), cidr('fd00:77::/64')] as const;
  const sessions = makeSessions(count, pools);
  const tunnels = tunnelsOf(sessions);
  const socket = path.join(directory, 'admin.sock');
  const admin = new Admin(
    {
      sessions,
      quotas: { reset: () => false },
      bans: { size: 0, banned: () => [], points: () => [], unban: () => 'invalid' },
      statistics: new Statistics(),
      readiness: new Readiness(),
      drain: { begin: () => undefined, cancel: () => false },
      drainLimit: () => 0,
      listTunnels: () => Promise.resolve(tunnels),
      forwardedPackets: () => 0,
      processes: () => ({ authPid: 1, workerPids: [2, 3] }),
      reloader: {
        reload: () => Promise.reject(new Error('not here')),
        plan: () => Promise.reject(new Error('not here')),
      },
      stop: () => undefined,
      now: Date.now,
    },
    {
      version: '0',
      startedAt: Date.now(),
      localAddressFor: localAddressesOf(pools),
    },
  );
  const opened = await openAdminSocket(
    {
      answer: (command) => admin.answer(command),
      events: { subscribe: () => undefined },
      peerCredentials: () => ({ pid: process.pid, uid: 0, gid: 0 }),
      logger: pino({ level: 'silent' }),
    },
    { path: socket, gid: null, idleTimeoutMs: 60_000, maxConnections: 4 },
  );
  for (const command of COMMANDS) console.log(await timeOf(command, socket, runs));
  await opened.close();
  sessions.close();
}

async function timeOf(command: readonly string[], socket: string, runs: number): Promise<string> {
  const times: number[] = [];
  let bytes = 0;
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [WOLFCTL, '--socket', socket, ...command],
      { maxBuffer: 1 << 30 },
    );
    times.push(performance.now() - began);
    bytes = stdout.length;
    if (command.includes('--json')) JSON.parse(stdout);
  }
  const median = times.toSorted((a, b) => a - b)[runs >> 1] ?? 0;
  return `${command.join(' ').padEnd(28)} ${median.toFixed(0).padStart(6)} ms ${String(bytes).padStart(10)} bytes`;
}

function makeSessions(count: number, pools: readonly ReturnType<typeof cidr>[]): Sessions {
  const [pool4, pool6] = pools;
  let random = 0;
  const sessions = new Sessions(
    {
      store: new SessionStore({
        directory,
        now: Date.now,
        onError: (error) => console.error(error),
      }),
      sendToWorker: () => undefined,
      setOwner: () => undefined,
      policyFor: () => policy,
      now: Date.now,
      randomBytes: (bytes) => {
        const chosen = Buffer.alloc(bytes);
        chosen.writeUInt32BE((random++ * 2654435761) % 2 ** 32);
        return chosen;
      },
      log: { info: () => undefined, debug: () => undefined },
    },
    {
      pool4: pool4 ?? null,
      pool6: pool6 ?? null,
      predictable: false,
      limits: { ...limits, maxClients: 0 },
      device: 'wolf0',
    },
  );
  for (let number = 0; number < count; number++) connect(sessions, number);
  return sessions;
}

function connect(sessions: Sessions, number: number): void {
  const peer = { address: `192.0.2.${number % 250}`, port: 1024 + (number % 60_000) };
  const who = { vhost: '', user: `user${number}`, groups: ['staff'], attributes: NO_ATTRIBUTES };
  const login = sessions.login(who, { peer, client });
  if (login.kind !== 'accepted') throw new Error(login.reason);
  const reply = sessions.open(number % WORKERS, {
    ...{ cookie: login.cookie, tunnel: number, client, peer, localAddress: '198.51.100.1' },
    ...{ wantsIpv6: true, tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' } },
  });
  if (reply instanceof Promise || reply.kind !== 'granted') throw new Error('no tunnel');
}

function tunnelsOf(sessions: Sessions): ReadonlyMap<number, readonly TunnelStatus[]> {
  const lists = new Map<number, TunnelStatus[]>();
  for (const { id, connection, counters } of sessions.list()) {
    if (connection === null) continue;
    const { worker, tunnel } = connection;
    const status: TunnelStatus = {
      ...counters,
      ...{ tunnel, session: id, channel: 'dtls', mtu: 1434 },
      ...{ tlsCipher: 'TLS_AES_256_GCM_SHA384', dtlsCipher: 'PSK-AES256-GCM-SHA384' },
      ...{ rxBytes: 1000 * id, txBytes: 123_456 * id },
    };
    const list = lists.get(worker);
    if (list === undefined) lists.set(worker, [status]);
    else list.push(status);
  }
  return lists;
}
