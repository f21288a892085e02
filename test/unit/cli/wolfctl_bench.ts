// A wolfctl without a server: what it asks is answered from here.
import type { AdminEvent } from '../../../core/ipc/admin_event.ts';
import type { AdminCommand, AdminSession, AdminStatus } from '../../../core/ipc/admin.ts';
import { runWolfctl } from '../../../cli/wolfctl/run.ts';

export const NOW = 1_800_000_000_000;

export const ALICE: AdminSession = {
  id: 7,
  publicId: 'Xq3v+aUm8Y0wZ5kTj2nR1bPcE4o=',
  vhost: '',
  user: 'alice',
  group: 'staff',
  groups: ['staff'],
  state: 'connected',
  address4: '10.77.0.42',
  address6: null,
  peer: { address: '198.51.100.7', port: 4711 },
  outsideAddress: '203.0.113.1',
  device: 'wolf0',
  loginAt: NOW - 100_000,
  since: NOW - 90_000,
  expiresAt: null,
  endsAt: null,
  quota: null,
  userAgent: 'openconnect',
  hostname: 'laptop',
  platform: 'linux',
  mobile: false,
  counters: {
    rxBytes: 999,
    rxPackets: 9,
    txBytes: 1_500_000,
    txPackets: 99,
    spoofedPackets: 0,
    droppedPackets: 0,
    deniedPackets: 0,
  },
  connection: {
    worker: 1,
    tunnel: 3,
    tlsVersion: 'TLSv1.3',
    tlsCipher: 'TLS_AES_256_GCM_SHA384',
    live: {
      channel: 'dtls',
      dtlsCipher: 'PSK-AES256-GCM-SHA384',
      mtu: 1434,
      compression: { tls: null, dtls: null },
    },
  },
  pushed: {
    dns: [],
    nbns: [],
    splitDns: [],
    routes: [],
    routeCount: 0,
    noRoutes: [],
    iroutes: [],
    noRouteCount: 0,
    dpdMs: 90_000,
    keepaliveMs: 0,
  },
  rules: { enforceRoutes: false, allow: [], deny: [], clientToClient: true },
  limits: { rxBitsPerSecond: null, txBitsPerSecond: null },
  local4: '10.77.0.1',
  local6: null,
};

export const BOB: AdminSession = {
  ...ALICE,
  id: 8,
  publicId: 'b0b/b0bUm8Y0wZ5kTj2nR1bPcE4=',
  vhost: 'branch.example',
  user: 'bob',
  state: 'waiting',
  expiresAt: NOW + 120_000,
  connection: null,
};

export const STATUS: AdminStatus = {
  version: '0.1.0',
  startedAt: NOW - 90_000,
  now: NOW,
  pid: 1,
  state: 'ready',
  drainsUntil: null,
  authPid: 2,
  workerPids: [3, null],
  connected: 1,
  sessions: 2,
  bans: 2,
  forwardedPackets: 12,
  statistics: {
    logins: 2,
    failedLogins: 1,
    tunnels: 3,
    closedTunnels: 2,
    averageLoginMs: 1500,
    longestLoginMs: 61_500,
    mtu: { min: 1300, max: 1434 },
    timedOut: 0,
    idledOut: 0,
    endedByError: 0,
    averageTunnelMs: 0,
    longestTunnelMs: 0,
    rxBytes: 2_000_000,
    txBytes: 0,
  },
};

const ANSWERS: Readonly<Record<Exclude<AdminCommand['command'], 'events'>, unknown>> = {
  status: STATUS,
  users: [ALICE],
  user: [ALICE],
  id: [ALICE],
  sessions: [ALICE, BOB],
  session: [BOB],
  disconnect: { sessions: 1 },
  terminate: { sessions: 1 },
  'ip-bans': [{ source: '2001:db8::/64', score: 80, since: NOW - 90_000, endsAt: NOW + 210_000 }],
  'ip-ban-points': [
    { source: '2001:db8::/64', score: 80, at: NOW - 90_000, banned: true },
    { source: '203.0.113.7', score: 11, at: NOW - 5000, banned: false },
  ],
  unban: { source: '203.0.113.7' },
  'quota-reset': { user: 'alice' },
  reload: {
    dryRun: false,
    changed: [],
    changes: [],
    certificates: [],
    files: [],
    sessions: { connected: 1, other: 0 },
    warnings: [],
    refusals: [],
  },
  drain: { state: 'draining', until: NOW + 1_800_000, sessions: 2 },
  stop: { stopping: true },
};

export const EVENTS: readonly AdminEvent[] = [
  { kind: 'listening', at: NOW },
  { kind: 'connected', at: NOW, session: ALICE },
  { kind: 'login-refused', at: NOW, address: '203.0.113.9', vhost: '' },
  { kind: 'lost', events: 3 },
  { kind: 'disconnected', at: NOW, session: ALICE, end: 'dpd-timeout', lastedMs: 90_000 },
];

export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
  readonly command: AdminCommand | undefined;
  readonly socket: string | undefined;
}

export interface Behaviour {
  /** Called before each answer; may throw what the server would refuse with. */
  readonly onAsk?: () => void;
  readonly calledAs?: string;
  readonly answers?: Readonly<Partial<Record<AdminCommand['command'], unknown>>>;
}

/** Runs wolfctl against a server that gives the answers above. */
export async function wolfctl(
  args: readonly string[],
  { onAsk = () => undefined, calledAs = '/usr/bin/wolfctl', answers = {} }: Behaviour = {},
): Promise<Outcome> {
  let output = '';
  let errors = '';
  let command: AdminCommand | undefined;
  let socket: string | undefined;
  const exitCode = await runWolfctl(args, {
    calledAs,
    ask: async (path, asked: AdminCommand) => {
      command = asked;
      socket = path;
      onAsk();
      return (await Promise.resolve({ ...ANSWERS, ...answers }[asked.command as 'users'])) as never;
    },
    follow: async function* (path, asked) {
      command = asked;
      socket = path;
      onAsk();
      for (const event of EVENTS) yield await Promise.resolve(event);
    },
    write: (text) => (output += text),
    drained: () => Promise.resolve(),
    interruption: () => new AbortController().signal,
    defaultSocketPath: () => '/nonexistent',
    now: () => NOW,
    version: '0.1.0',
    complain: (text) => (errors += text),
  });
  return { exitCode, output, errors, command, socket };
}
