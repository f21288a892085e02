// Options of the whole server: sockets, processes, limits, the pool of addresses.
import { formatCidr, parseCidr } from '../../core/net/address.ts';
import { isTrue } from './conf_file.ts';
import type { DraftTable, TomlValue } from './draft.ts';
import { durationOf, lost, needless, numberOf, withNumber } from './option.ts';
import type { Rule, Rules, Taken } from './option.ts';
import { hostAddress } from './options_login.ts';
import { prefixOf } from './options_policy.ts';

/** Of the server as a whole here, though ocserv lets a virtual host have its own. */
function set({ scope, note }: Taken, name: string, key: string, value: TomlValue): void {
  if (scope.kind === 'main') scope.table.table(name).set(key, value);
  else note('lost', `it is one for all names: ${name}.${key}`);
}

const section =
  (name: string, key: string): Rule =>
  (taken) =>
    set(taken, name, key, taken.value);

const flag =
  (name: string, key: string): Rule =>
  (taken) =>
    set(taken, name, key, isTrue(taken.value));

const number =
  (name: string, key: string): Rule =>
  (taken) =>
    withNumber(taken, (value) => set(taken, name, key, Math.max(0, value)));

/** For what ocserv takes 0 as "never" in. */
const seconds =
  (name: string, key: string): Rule =>
  (taken) =>
    withNumber(taken, (value) => set(taken, name, key, durationOf(value)));

/** TCP and UDP share the address unless udp-listen-host says otherwise. */
function listen(taken: Taken, protocol: 'tcp' | 'udp'): void {
  const { other, scope, note } = taken;
  const port = numberOf(other(`${protocol}-port`));
  const host = (protocol === 'udp' ? other('udp-listen-host') : '') || other('listen-host');
  const table = scope.table.table('listen');
  if (protocol === 'udp' && (port === undefined || port === 0)) {
    table.set('udp', []);
    return;
  }
  const address = host === '' ? '[::]' : hostAddress(host);
  if (address === undefined) {
    note('lost', `"${host}" is a name: write its addresses into listen.${protocol}`);
  }
  table.set(protocol, [`${address ?? '[::]'}:${port ?? HTTPS_PORT}`]);
}

const HTTPS_PORT = 443;

/** "network" and "netmask", or both in one. */
function pool4(taken: Taken): void {
  const { scope, other, note } = taken;
  const [network = '', prefix] = other('ipv4-network').split('/');
  const mask = other('ipv4-netmask');
  const bits =
    prefix === undefined
      ? prefixOf(mask)
      : prefix.includes('.')
        ? prefixOf(prefix)
        : Number(prefix);
  const parsed = parseCidr(`${network}/${bits ?? ''}`);
  if (parsed === undefined) note('lost', `"${network}" with "${mask}" is not a network`);
  else if (scope.kind === 'user') {
    note('lost', 'pools belong to the server, a virtual host or a group');
  } else poolTable(taken).set('ipv4', formatCidr(parsed.network));
}

function pool6(taken: Taken): void {
  const { scope, value, note } = taken;
  const parsed = parseCidr(value.includes('/') ? value : `${value}/${taken.other('ipv6-prefix')}`);
  if (parsed === undefined) note('lost', `"${value}" is not a network`);
  else if (scope.kind === 'user') {
    note('lost', 'pools belong to the server, a virtual host or a group');
  } else poolTable(taken).set('ipv6', formatCidr(parsed.network));
}

const poolTable = ({ scope }: Taken): DraftTable =>
  scope.kind === 'main' ? scope.table.table('network') : scope.table;

function prefixPerClient(taken: Taken): void {
  if (taken.scope.kind === 'main') number('network', 'ipv6_prefix_per_client')(taken);
  else taken.note('lost', 'all clients get prefixes of one length: network.ipv6_prefix_per_client');
}

function device({ scope, value, note }: Taken): void {
  // There the name of the first client's device; here everybody's.
  scope.table.table('network').set('device', `${value}0`);
  note('changed', `one device "${value}0" for all clients instead of one for each`);
}

const LEVELS: ReadonlyMap<number, string> = new Map([
  [0, 'error'],
  [1, 'warn'],
  [2, 'info'],
]);

/** 1 basic, 2 information, 3 to 8 debugging, 9 everything. */
export const levelOf = (level: number): string =>
  LEVELS.get(Math.max(0, level)) ?? (level < 9 ? 'debug' : 'trace');

const logLevel = (taken: Taken): void =>
  withNumber(taken, (level) => taken.scope.table.table('log').set('level', levelOf(level)));

function proxyProtocol({ scope, value, note }: Taken): void {
  if (!isTrue(value)) return;
  const table = scope.table.table('listen');
  table.set('proxy_protocol', 'any');
  table.set('proxy_trusted', ['0.0.0.0/0', '::/0']);
  note(
    'changed',
    'ocserv believes everybody’s PROXY header: name your load balancers in listen.proxy_trusted instead',
  );
}

/** "Name: value" lines for every answer. */
function httpHeaders({ scope, values, note }: Taken): void {
  const all: Record<string, string> = {};
  for (const value of values) {
    const [, name, rest] = /^([^:\s]+)\s*:\s*(.*)$/.exec(value) ?? [];
    if (name === undefined || rest === undefined) note('lost', `"${value}" is no header`);
    else all[name] = rest;
  }
  scope.table.table('http').set('headers', all);
}

function camouflage({ scope, value, other }: Taken): void {
  if (!isTrue(value)) return;
  const table = scope.table.table('camouflage');
  table.set('secret', other('camouflage_secret'));
  if (other('camouflage_realm') !== '') table.set('realm', other('camouflage_realm'));
}

/** Set by another option beside it. */
const companion: Rule = () => undefined;

const script =
  (key: string): Rule =>
  ({ scope, value, path }) =>
    scope.table.table('hooks').set(key, path(value));

function routeCommand({ value, note }: Taken): void {
  note(
    'needless',
    `routes to networks behind clients are set by the server itself, not by "${value}"`,
  );
}

export const SERVER_RULES: Rules = {
  'tcp-port': (taken) => listen(taken, 'tcp'),
  'udp-port': (taken) => listen(taken, 'udp'),
  'listen-host': companion,
  'udp-listen-host': companion,
  'listen-host-is-dyndns': ({ scope, value }) => {
    if (!isTrue(value)) return;
    const policy = scope.table.table('policy');
    policy.set('headers', {
      ...(policy.values.get('headers') as object | undefined),
      'X-CSTP-DynDNS': 'true',
    });
  },
  'listen-netns': lost('start the service in that namespace (systemd: NetworkNamespacePath=)'),
  'listen-clear-file': lost('plain HTTP is not served: let the load balancer pass TLS through'),
  'listen-proxy-proto': proxyProtocol,
  'rate-limit-ms': needless('logins wait in a queue that takes turns; see also limits.accept_rate'),
  'server-drain-ms': (taken) =>
    withNumber(taken, (ms) =>
      taken.scope.table.table('limits').set('drain', durationOf(Math.ceil(ms / 1000))),
    ),
  'run-as-user': section('workers', 'user'),
  'run-as-group': section('workers', 'group'),
  'chroot-dir': needless('workers open no files at all once they run'),
  'isolate-workers': flag('workers', 'sandbox'),
  'use-seccomp': flag('workers', 'sandbox'),
  'limit-worker-memory': needless('what a client may make a worker remember is bounded'),
  'sec-mod-scale': needless('one process checks passwords, with a thread for each core'),
  'sec-mod-db-cleanup-time': needless('sessions end when their time has come'),
  'socket-file': needless('the processes speak through pipes of their own'),
  'occtl-socket-file': (taken) => set(taken, 'admin', 'socket', taken.path(taken.value)),
  'use-occtl': ({ value, note }) => {
    if (!isTrue(value)) note('changed', 'the socket for wolfctl is always there, for root only');
  },
  'use-dbus': needless('wolfctl speaks through a socket'),
  'session-control': needless('sessions are always controlled'),
  'pid-file': needless('the service manager knows the process'),
  'log-level': logLevel,
  'syslog-facility': ({ value, note }) => {
    if (value.toLowerCase() !== 'daemon') note('lost', 'the facility is always "daemon"');
  },
  'use-utmp': needless('"wolfctl show users" lists who is connected'),
  'debug-no-secmod-stats': needless('it was for tests of ocserv'),
  'match-tls-dtls-ciphers': needless('both channels prefer the same ciphers'),
  'dtls-psk': ({ value, note }) => {
    if (!isTrue(value)) note('lost', 'clients that can negotiate DTLS by a pre-shared key do so');
  },
  'dtls-legacy': ({ scope, value }) => scope.table.table('dtls').set('legacy', isTrue(value)),
  'cisco-client-compat': needless('Cisco’s clients are known by what they say about themselves'),
  'cisco-svc-client-compat': needless('IP phones are known by what they say about themselves'),
  'included-http-headers': httpHeaders,
  camouflage,
  camouflage_secret: companion,
  camouflage_realm: companion,
  'pre-login-banner': lost('nothing is shown before the login'),
  'auth-timeout': seconds('auth', 'timeout'),
  'max-ban-score': number('ban', 'max_score'),
  'ban-points-wrong-password': number('ban', 'wrong_password'),
  'ban-points-connection': number('ban', 'failed_connect'),
  'ban-points-kkdcp': number('ban', 'kkdcp'),
  'ban-time': seconds('ban', 'duration'),
  'min-reauth-time': seconds('ban', 'duration'),
  'ban-reset-time': seconds('ban', 'reset_after'),
  'max-clients': number('limits', 'max_clients'),
  'cookie-timeout': seconds('limits', 'cookie_lifetime'),
  'persistent-cookies': flag('limits', 'persistent_cookies'),
  'deny-roaming': (taken) => {
    if (taken.scope.kind === 'main') flag('limits', 'deny_roaming')(taken);
    else taken.note('lost', 'roaming is forbidden to all or to nobody: limits.deny_roaming');
  },
  device,
  'ipv4-network': pool4,
  'ipv4-netmask': companion,
  'ipv6-network': pool6,
  'ipv6-prefix': companion,
  'ipv6-subnet-prefix': prefixPerClient,
  'predictable-ips': flag('network', 'predictable'),
  'ping-leases': flag('network', 'ping_before_lease'),
  'try-mtu-discovery': needless('the size that a path takes is always found out'),
  'route-add-cmd': routeCommand,
  'route-del-cmd': routeCommand,
  'connect-script': script('connect'),
  'disconnect-script': script('disconnect'),
  'host-update-script': script('host_update'),
  'stats-report-time': ({ scope, note }) => {
    if (scope.kind === 'user' || scope.kind === 'group') {
      note('lost', 'accounts of all are written equally often');
    }
  },
  'server-stats-reset-time': needless('figures since the start, and Prometheus for the rest'),
  kkdcp: lost('the proxy for Kerberos is not available yet'),
  // Read by whoever reads the files.
  'config-per-user': companion,
  'config-per-group': companion,
  'default-user-config': lost('write what it says into [policy]'),
  'default-group-config': lost('write what it says into [policy]'),
};
