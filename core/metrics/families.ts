// Every metric family that the server shows, in the order of the page. docs/metrics.md has this table,
// held to it by a test; names do not change without a note in the changelog there.
import type { Family } from './family.ts';

/** By label: its name and what it may be. */
type LabelTable = Readonly<Record<string, string>>;

const family =
  (type: Family['type']) =>
  (name: string, help: string, labels: LabelTable = {}): Family => ({
    name: `wolfguard_${name}`,
    type,
    help,
    labels: Object.keys(labels),
    values: Object.values(labels),
  });

const counter = family('counter');
const gauge = family('gauge');
const histogram = family('histogram');

const PROCESS = { process: 'primary, worker-0 …, auth, plugins, metrics' };
const CHANNEL = { channel: 'dtls, tls' };
const DIRECTION = { direction: 'received (from clients), sent (to clients)' };
const CALL = {
  call: 'udp_receive, udp_send, tun_read, tun_write, and for calls tls_receive, tls_send',
};
const QUEUE = {
  queue:
    'connections (without a tunnel yet), logins (with the auth process), auth_checks, hook_checks, accounting_records (in memory), accounting_spool (on disk), tls_bytes (clear text for slow clients), udp_bytes (in the kernel, not read yet)',
};
const DATABASE = { database: 'sessions, bans, hooks' };

export const families = {
  buildInfo: gauge('build_info', 'What runs; the value is always 1', {
    version: 'of wolfguard',
    node: 'of Node',
  }),
  startTime: gauge('start_time_seconds', 'When the server started, in Unix time'),
  ready: gauge('ready', 'Whether new logins are taken, as /readyz says'),
  workers: gauge('workers', 'Worker processes that are up'),

  sessions: gauge('sessions', 'Sessions by state', { state: 'connected, away' }),
  sessionsEnded: counter('sessions_ended_total', 'Sessions that are over, by reason', {
    reason:
      'the ends of tunnels below, expired, logout, displaced, refused; admin is disconnect or terminate',
  }),
  tunnels: gauge('tunnels', 'Tunnels by the channel that their data takes', CHANNEL),
  tunnelsOpened: counter('tunnels_opened_total', 'Tunnels that came up'),
  tunnelsClosed: counter('tunnels_closed_total', 'Tunnels that are gone, by reason', {
    reason:
      'user-disconnect, lost, dpd-timeout, idle-timeout, session-timeout, replaced, admin, shutdown, protocol-error, hours-over, account-expired, quota-used',
  }),
  logins: counter('logins_total', 'Login dialogues by what came of a step', {
    result:
      'ok, refused (a wrong attempt), banned, closed (right, but not now), failed (over without an attempt), unavailable, draining',
  }),
  loginSeconds: histogram('login_step_seconds', 'From a step of a login to its answer'),
  authChecks: counter('auth_checks_total', 'Answers of back ends, a step of a chain each', {
    backend: 'file, certificate, totp, pam, ldap, radius',
    result: 'accepted, refused, challenge, unavailable',
  }),
  authSeconds: histogram('auth_check_seconds', 'From the question to a back end to its answer', {
    backend: 'as above',
  }),
  bans: gauge('bans', 'Sources that are banned'),
  banned: counter('bans_total', 'Bans that began'),
  poolLeases: gauge('pool_leases', 'Inside addresses in use, by pool', { pool: 'as configured' }),
  poolSize: gauge('pool_size', 'Inside addresses that there are, by pool', {
    pool: 'as configured',
  }),

  tunnelBytes: counter('tunnel_bytes_total', 'Bytes of inside packets that tunnels carried', {
    ...DIRECTION,
    ...CHANNEL,
  }),
  tunnelPackets: counter('tunnel_packets_total', 'Inside packets that tunnels carried', {
    ...DIRECTION,
    ...CHANNEL,
  }),
  dropped: counter('dropped_packets_total', 'Packets and records that went no further', {
    ...DIRECTION,
    reason: 'see below',
  }),
  deviceDropped: counter(
    'tun_dropped_packets_total',
    'Packets that the kernel dropped at the TUN device since the device is there',
    { direction: 'received (from clients), sent (to clients: its queue was full)' },
  ),
  forwarded: counter(
    'forwarded_packets_total',
    'Packets handed to the worker that owns the tunnel',
  ),

  calls: counter(
    'engine_calls_total',
    'System calls of the packet threads that moved something',
    CALL,
  ),
  moved: counter('engine_packets_total', 'Packets that these calls moved', CALL),
  tlsHandshakes: counter('tls_handshakes_total', 'TLS handshakes by result; none is a resumption', {
    result: 'ok, failed, timed_out, abandoned',
    version: '1.2, 1.3; empty where it did not get so far',
  }),
  connectionsRefused: counter(
    'connections_refused_total',
    'TCP connections that were closed before their handshake',
    {
      reason:
        'banned, rate (limits.accept_rate), source (too many of one), full, proxy (not in listen.proxy_trusted), unready',
    },
  ),
  dtlsHandshakes: counter('dtls_handshakes_total', 'DTLS handshakes by result', {
    result: 'ok, failed',
    kind: "full, resumed (Cisco's way); empty where it failed",
  }),
  tlsSeconds: histogram('tls_handshake_seconds', 'From the accept to the end of a TLS handshake'),
  dtlsSeconds: histogram(
    'dtls_handshake_seconds',
    'From the second hello to the end of a DTLS one',
  ),
  steering: gauge('steering_enabled', 'Whether the kernel brings packets to their workers', {
    way: 'inside (from the TUN device), outside (from UDP)',
  }),
  offloadRefusals: counter(
    'offload_refusals_total',
    'Offloads that are off in a worker since the kernel refused them',
    {
      offload: 'udp_segmentation, udp_joining, tun_joining',
    },
  ),

  queue: gauge('queue_length', 'What waits, as of the last second', QUEUE),
  queueSamples: histogram(
    'queue_length_samples',
    'What waits, looked at once a second: how often so much',
    QUEUE,
  ),
  tlsBlocked: gauge('tls_blocked_tunnels', 'Tunnels whose TLS connection takes no more just now'),

  processUp: gauge('process_up', 'Whether the process is there', PROCESS),
  processRestarts: counter(
    'process_restarts_total',
    'Processes that took the place of one of that name: it had died, or plugins were reloaded',
    PROCESS,
  ),
  processCpu: counter(
    'process_cpu_seconds_total',
    'CPU time of processes and those before them',
    PROCESS,
  ),
  processMemory: gauge('process_resident_memory_bytes', 'Resident memory', PROCESS),
  processDescriptors: gauge('process_open_fds', 'Open descriptors', PROCESS),
  processMaxDescriptors: gauge('process_max_fds', 'Descriptors that there may be', PROCESS),
  heapUsed: gauge('heap_used_bytes', 'JavaScript objects', PROCESS),
  heapTotal: gauge('heap_total_bytes', 'Memory for JavaScript objects', PROCESS),
  loopDelay: histogram(
    'event_loop_delay_seconds',
    'How late the event loop is, looked at once a second',
    PROCESS,
  ),
  gcRuns: counter('gc_runs_total', 'Garbage collections', { ...PROCESS, kind: 'minor, major' }),
  gcSeconds: counter('gc_seconds_total', 'Time spent in them', {
    ...PROCESS,
    kind: 'minor, major',
  }),

  certificateExpiry: gauge(
    'certificate_expiry_timestamp_seconds',
    'When the first of the certificates of a name ends, in Unix time',
    { host: 'a virtual host; empty = the main server' },
  ),
  databaseWrites: counter('database_writes_total', 'Transactions written', {
    database: 'sessions',
  }),
  databaseFailures: counter('database_failures_total', 'Transactions that failed', DATABASE),
  reloads: counter('reloads_total', 'Reloads by result', { result: 'done, refused' }),
} as const satisfies Record<string, Family>;
