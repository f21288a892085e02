// `wolfguard doctor` where everything is wrong at once, for real: a machine of its own with two
// uplinks, a foreign listener, an old certificate and whatever else an administrator can do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ensureQuickStartCertificates } from '../../certs/quick_start.ts';
import { Diagnosis } from './harness/doctor.ts';
import { link } from './harness/host.ts';
import { Lab, PORT, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';

const options = { timeout: 60_000 };

const lab = new Lab();
after(() => lab.close());
const other = lab.host();
link(
  { host: lab.server, device: 'second', addresses: ['10.77.3.1/24', '2001:db8:2::1/64'] },
  { host: other, device: 'second', addresses: ['10.77.3.2/24', '2001:db8:2::2/64'] },
);
lab.server.ip('route', 'add', 'default', 'via', '198.51.100.2');
lab.server.ip('route', 'add', 'default', 'via', '10.77.3.2', 'metric', '100');
// A namespace begins with what the machine has.
lab.server.run('sysctl', [
  ...['-qw', 'net.ipv4.ip_forward=0', 'net.ipv4.conf.all.rp_filter=0'],
  ...['net.ipv4.conf.outside.rp_filter=1', 'net.ipv6.conf.outside.accept_ra=1'],
]);

test('a machine on which all is wrong', options, async (t) => {
  const listener = lab.server.spawn('iperf3', ['-s', '-p', `${PORT}`, '--forceflush']);
  t.after(() => listener.stop());
  await listener.waitFor(/listening/, 5000);
  lab.server.nft(
    'table ip filter { chain FORWARD { type filter hook forward priority 0; policy drop; }; }',
  );
  lab.server.run('sysctl', ['-qw', 'net.ipv6.conf.all.forwarding=1']);
  lab.server.ip('tuntap', 'add', 'wolf0', 'mode', 'tun');
  const config = Server.writeFiles(lab, {
    listen: { tcp: [`[::]:${PORT}`], udp: ['192.0.2.200:4443'] },
    network: { forwarding: false },
    limits: { max_clients: 100_000 },
    tls: await expiredCertificate(),
    state: { dir: lab.file('passwd') },
  });
  chmodSync(lab.file('passwd'), 0o644);
  const diagnosis = Diagnosis.of(lab.server, config, ['prlimit', '--nofile=2000:2000']);
  assert.equal(diagnosis.exitCode, 1);
  for (const [id, expected] of [
    ['certificate', /^problem: .*the certificate expired on 20\d\d-/],
    [
      'port',
      new RegExp(
        `^problem: TCP \\[::\\]:${PORT} is taken by iperf3 \\(pid ${listener.pid}\\) → stop`,
      ),
    ],
    ['port', /problem: UDP port 4443 on 192\.0\.2\.200 .* has no such address → check listen\.udp/],
    ['nofile', /^problem: a process may have 2000 descriptors, .* → raise the limit/],
    ['tun', /^problem: there already is a network device wolf0/],
    [
      'forwarding-ipv4',
      /^problem: IPv4 is not forwarded .* → set network\.forwarding = true, or sysctl -w net\.ipv4\.ip_forward=1/,
    ],
    [
      'router-advertisements',
      /warning: outside forwards IPv6 .* → sysctl -w net\.ipv6\.conf\.outside\.accept_ra=2/,
    ],
    [
      'rp-filter',
      /^warning: strict on outside beside .* → sysctl -w net\.ipv4\.conf\.outside\.rp_filter=2/,
    ],
    [
      'forward-firewall',
      /^problem: .*chain ip filter FORWARD, .* → iptables -I FORWARD -i wolf0 -j ACCEPT && iptables -I FORWARD -o wolf0 -j ACCEPT/,
    ],
    ['pool-address', /^problem: the address 10\.77\.3\.1 of second lies in the pool/],
    [
      'pool-route',
      /^problem: the route 10\.77\.3\.0\/24 on second lies in the pool 10\.77\.0\.0\/16/,
    ],
    ['state-dir', /^problem: .* is no folder/],
    [
      'secret-file',
      /^problem: everybody may read .*passwd \(mode 644\), .* → chown root:root .* && chmod 600/,
    ],
  ] as const) {
    assert.match(diagnosis.of(id), expected, id);
  }
  lab.server.ip('link', 'delete', 'wolf0');
  lab.server.nft('flush ruleset');
  chmodSync(lab.file('passwd'), 0o600);
});

test('a key of another certificate, and a broken file', options, () => {
  const strange = lab.file('strange.key');
  execFileSync(
    'openssl',
    ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', strange],
    { stdio: 'ignore' },
  );
  const mismatch = Server.writeFiles(lab, { tls: { private_key: strange } });
  assert.match(
    Diagnosis.of(lab.server, mismatch).of('certificate'),
    /^problem: .*is not the key of the certificate/,
  );

  writeFileSync(mismatch, '[listen\n');
  const broken = Diagnosis.of(lab.server, mismatch);
  assert.match(
    broken.of('configuration'),
    /^problem: .*wolfguard\.toml:1: .*\nunchecked: all the rest/,
  );
});

test('others than root hear what could not be checked, and nothing that is not so', options, () => {
  const config = Server.writeFiles(lab);
  // The state folder is root's alone, as /etc/wolfguard is.
  const copy = lab.file('readable.toml');
  copyFileSync(config, copy);
  chmodSync(copy, 0o644);
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  const diagnosis = Diagnosis.of(lab.server, copy, nobody);
  const unchecked = diagnosis.findings.filter(({ level }) => level === 'unchecked');
  for (const id of ['tun', 'forward-firewall', 'certificate'] as const) {
    assert.ok(
      unchecked.some((finding) => finding.id === id),
      `${id}: ${diagnosis.of(id)}`,
    );
  }
  assert.deepEqual(
    diagnosis.problems.filter((found) => !found.startsWith('pool-')),
    [],
  );
});

/** 825 days long, and made 1000 days ago. */
async function expiredCertificate(): Promise<{ certificate: string; private_key: string }> {
  const identity = { dnsNames: ['old.example'], addresses: [SERVER_IPV4] };
  const folder = lab.file('old');
  mkdirSync(folder);
  const made = Date.now() - 1000 * 86_400_000;
  const { certificate, privateKey } = await ensureQuickStartCertificates(folder, identity, made);
  return { certificate, private_key: privateKey };
}
