import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { renderDraft } from '../../../../cli/ocserv/draft.ts';
import type { Note } from '../../../../cli/ocserv/option.ts';
import { OPTIONS, translate } from '../../../../cli/ocserv/translate.ts';
import { loadConfig } from '../../../../config/loader.ts';
import type { Config } from '../../../../config/schema.ts';
import { formatCidr } from '../../../../core/net/address.ts';

/** What no file of ocserv goes without. */
const BASE = `
auth = "plain[passwd=/etc/ocserv/ocpasswd]"
tcp-port = 443
udp-port = 443
server-cert = /etc/ocserv/cert.pem
server-key = /etc/ocserv/key.pem
ipv4-network = 192.168.10.0
ipv4-netmask = 255.255.255.0
`;

interface Others {
  readonly users?: Readonly<Record<string, string>>;
  readonly groups?: Readonly<Record<string, string>>;
}

function run(text: string, { users = {}, groups = {} }: Others = {}) {
  const named = (files: Readonly<Record<string, string>>) =>
    new Map(Object.entries(files).map(([name, own]) => [name, { file: name, text: own }] as const));
  const { draft, notes } = translate({
    main: { file: 'ocserv.conf', text },
    users: named(users),
    groups: named(groups),
    path: (written) => (written.startsWith('/') ? written : `/there/${written}`),
  });
  return { toml: renderDraft(draft), notes };
}

/** The configuration that the text, after what every file has, comes to. */
function configOf(text: string, others: Others = {}): Config {
  const { toml } = run(`${BASE}\n${text}`, others);
  const result = loadConfig(toml, 'wolfguard.toml');
  assert.ok(result.ok, result.ok ? '' : `${result.output}\n${toml}`);
  return result.config;
}

const noteOf = (text: string, option: string): Pick<Note, 'fate' | 'text'> | undefined =>
  run(text).notes.find((note) => note.option === option);

test('what every file has becomes a configuration that loads', () => {
  const config = configOf('');
  assert.deepEqual(config.auth.chain, [{ steps: ['file'] }]);
  assert.equal(config.auth.file.path, '/etc/ocserv/ocpasswd');
  assert.deepEqual(config.tls.certificate, ['/etc/ocserv/cert.pem']);
  assert.equal(config.network.ipv4 && formatCidr(config.network.ipv4), '192.168.10.0/24');
  assert.equal(config.listen.udp.length, 1);
});

test('ports and addresses; without a UDP port there is no DTLS', () => {
  const { listen } = configOf('listen-host = 192.0.2.7\nudp-listen-host = ::1\ntcp-port = 8443');
  assert.equal(listen.tcp[0]?.port, 8443);
  assert.equal(listen.udp[0]?.port, 443);
  assert.deepEqual(configOf('udp-port = 0').listen.udp, []);
});

test('several auth lines are one chain, the certificate first; each enable-auth is one of its own', () => {
  const both = `auth = "certificate"\nca-cert = /etc/ocserv/ca.pem\n`;
  assert.deepEqual(configOf(both).auth.chain, [{ steps: ['certificate', 'file'] }]);
  const either = `enable-auth = "certificate"\nca-cert = /etc/ocserv/ca.pem\n`;
  assert.deepEqual(configOf(either).auth.chain, [{ steps: ['file'] }, { steps: ['certificate'] }]);
  assert.deepEqual(noteOf(`${BASE}enable-auth = gssapi`, 'enable-auth'), {
    ...{ file: 'ocserv.conf', line: 9, option: 'enable-auth' },
    ...{ fate: 'lost', text: 'Kerberos tickets are not available yet' },
  });
});

test('one-time passwords of a users file are a step of their own', () => {
  const text = BASE.replace('passwd=/etc/ocserv/ocpasswd', 'passwd=./pw,otp=./otp');
  const result = loadConfig(run(text).toml, '');
  assert.ok(result.ok);
  assert.deepEqual(result.config.auth.chain, [{ steps: ['file', 'totp'] }]);
  assert.equal(result.config.auth.file.otp_path, '/there/./otp');
});

test('what a session is given', () => {
  const { policy } = configOf(`
route = 10.0.0.0/255.0.0.0
route = fd00::/8
no-route = 10.1.0.0/16
dns = 10.0.0.1
ipv6-dns = fd00::1
default-domain = "a.example b.example"
restrict-user-to-ports = "tcp(443), udp(53), icmp()"
rx-data-per-sec = 125000
net-priority = 0xb8
proxy-url = http://example.com/%{U}/
custom-header = "X-A: {literal} %{G}"
custom-header = "X-B: 2"
max-same-clients = 2
no-udp = true
session-timeout = 86400
idle-timeout = 0
`);
  assert.deepEqual(policy.routes.map(formatCidr), ['10.0.0.0/8', 'fd00::/8']);
  assert.deepEqual(policy.no_routes.map(formatCidr), ['10.1.0.0/16']);
  assert.equal(policy.dns.length, 2);
  assert.deepEqual(policy.search_domains, ['a.example', 'b.example']);
  assert.equal(policy.rx_limit, 1_000_000);
  assert.equal(policy.max_sessions, 2);
  assert.equal(policy.udp, false);
  assert.equal(policy.session_timeout, 86_400_000);
  assert.equal(policy.idle_timeout, 0);
});

test('files of users and groups become their sections', () => {
  const { user, group } = configOf('', {
    users: { 'alice@example.com': 'explicit-ipv4 = 192.168.10.9\nroute = 10.9.0.0/16\n' },
    groups: { staff: 'dns = 10.0.0.53\nipv4-network = 192.168.20.0/24\n' },
  });
  assert.deepEqual(user.get('alice@example.com')?.policy.routes?.map(formatCidr), ['10.9.0.0/16']);
  assert.equal(group.get('staff')?.policy.dns?.length, 1);
  const pool = group.get('staff')?.ipv4;
  assert.equal(pool && formatCidr(pool), '192.168.20.0/24');
});

test('a virtual host has what it says of its own', () => {
  const { vhost } = configOf(`
[vhost:Partners.example.com]
auth = certificate
ca-cert = /etc/ocserv/partners.pem
ipv4-network = 192.168.30.0/24
route = 10.30.0.0/16
max-ban-score = 5
`);
  const [host] = vhost;
  assert.ok(host !== undefined);
  assert.equal(host.name, 'partners.example.com');
  assert.deepEqual(host.auth.chain, [{ steps: ['certificate'] }]);
  assert.deepEqual(host.policy.routes?.map(formatCidr), ['10.30.0.0/16']);
});

test('each line is accounted for, with its place', () => {
  const { notes } = run('dpd = 90\nno-such-option = 1\nchroot-dir = /x\niroute = 10.0.0.0/8\n');
  assert.deepEqual(
    notes.map(({ option, line, fate }) => [option, line, fate]),
    [
      ['dpd', 1, 'carried'],
      ['no-such-option', 2, 'lost'],
      ['chroot-dir', 3, 'needless'],
      ['iroute', 4, 'lost'],
    ],
  );
});

test('values that cannot be read are named and lose nothing else', () => {
  const { policy } = configOf('route = nonsense\nroute = 10.0.0.0/8\ndpd = soon\nmtu = 1400');
  assert.deepEqual(policy.routes.map(formatCidr), ['10.0.0.0/8']);
  assert.equal(policy.mtu, 1400);
  assert.equal(noteOf('route = nonsense', 'route')?.text, '"nonsense" is not a network');
  assert.equal(noteOf('dpd = soon', 'dpd')?.fate, 'lost');
});

/** Every name that a release of ocserv has read, old ones too, and of its supplementary files. */
const KNOWN =
  `auth enable-auth acct listen-host udp-listen-host listen-clear-file listen-netns tcp-port
udp-port run-as-user run-as-group server-cert server-key debug-no-secmod-stats dh-params pin-file
srk-pin-file ca-cert key-pin srk-pin socket-file occtl-socket-file chroot-dir
server-stats-reset-time pid-file sec-mod-scale listen-host-is-dyndns listen-proxy-proto
append-routes kkdcp tunnel-all-dns keepalive switch-to-tcp-timeout dpd mobile-dpd rate-limit-ms
server-drain-ms ocsp-response user-profile default-domain crl cert-user-oid cert-group-oid
connect-script host-update-script disconnect-script session-control banner pre-login-banner
dtls-legacy cisco-client-compat cisco-svc-client-compat always-require-cert dtls-psk
match-tls-dtls-ciphers compression compression-algo-priority no-compress-limit use-seccomp
isolate-workers limit-worker-memory predictable-ips use-utmp use-dbus use-occtl try-mtu-discovery
ping-leases restrict-user-to-routes restrict-user-to-ports tls-priorities mtu net-priority
output-buffer rx-data-per-sec tx-data-per-sec deny-roaming stats-report-time rekey-time
rekey-method cookie-timeout persistent-cookies session-timeout auth-timeout idle-timeout
mobile-idle-timeout max-clients min-reauth-time ban-time ban-reset-time max-ban-score
ban-points-wrong-password ban-points-connection ban-points-kkdcp max-same-clients device cgroup
proxy-url ipv4-network ipv4-netmask ipv6-network ipv6-prefix ipv6-subnet-prefix custom-header
split-dns route no-route default-select-group auto-select-group select-group select-group-by-url
dns ipv4-dns ipv6-dns nbns ipv4-nbns ipv6-nbns route-add-cmd route-del-cmd config-per-user
config-per-group expose-iroutes default-user-config default-group-config log-level
syslog-facility included-http-headers camouflage camouflage_secret camouflage_realm
client-bypass-protocol no-udp iroute explicit-ipv4 explicit-ipv6 hostname
sec-mod-db-cleanup-time`.split(/\s+/);

test('every option is known by its name', () => {
  assert.deepEqual(
    KNOWN.filter((name) => !OPTIONS.has(name)),
    [],
  );
});

test('whatever stands behind known names, the result is TOML without unknown keys', () => {
  const value = fc.oneof(
    fc.constantFrom('true', 'false', '0', '1', '90', '-1', '10.0.0.0/8', '"', '[a]', 'x[y=z]'),
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
  const line = fc
    .tuple(fc.constantFrom(...KNOWN), value)
    .map(([name, text]) => `${name} = ${text}`);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const result = loadConfig(run(lines.join('\n')).toml, 'made.toml');
      if (result.ok) return;
      for (const { message } of result.problems) {
        assert.doesNotMatch(
          message,
          /unknown (key|section)|not available yet|TOML|syntax/,
          message,
        );
      }
    }),
  );
});
