import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { argumentsOf } from '../../../../cli/called_as.ts';
import { freeDevice } from '../../../../cli/ocserv/device_name.ts';
import { instanceFolders } from '../../../../cli/ocserv/instance_folders.ts';
import { startWarnings } from '../../../../cli/ocserv/judgement.ts';
import { asOcserv } from '../../../../cli/ocserv/paths.ts';
import { OcservSource } from '../../../../cli/ocserv/source.ts';
import type { SourceReading } from '../../../../cli/ocserv/source.ts';
import { parseConf } from '../../../../cli/ocserv/conf_file.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-ocserv-'));
after(() => rmSync(folder, { recursive: true, force: true }));
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=x', '-days', '30', '-keyout', 'server.key', '-out', 'server.pem'],
  ],
  { cwd: folder, stdio: 'pipe' },
);
writeFileSync(path.join(folder, 'passwd'), 'alice:*:$5$x$y\n');

const TLS = 'server-cert = ./server.pem\nserver-key = ./server.key\n';
const NETWORK = 'tcp-port = 443\nipv4-network = 10.9.0.0/24\ndevice = vpns\n';
const PLAIN = 'auth = "plain[passwd=./passwd]"\n';

function source(text: string, debugLevel?: number): OcservSource {
  const file = path.join(folder, 'ocserv.conf');
  writeFileSync(file, text);
  return new OcservSource({
    file,
    base: folder,
    folders: instanceFolders(file, {
      STATE_DIRECTORY: path.join(folder, 'state'),
      RUNTIME_DIRECTORY: path.join(folder, 'run'),
    }),
    debugLevel,
    log: { destination: 'stdout', format: 'pretty' },
  });
}

const read = (text: string): SourceReading => source(text).read();

test('what ocserv does by itself is done: its defaults, its sockets, nothing in its folders', () => {
  const { config, errors, warnings } = read(PLAIN + TLS + NETWORK);
  assert.deepEqual([errors, warnings], [[], []]);
  assert.ok(config !== null);
  assert.deepEqual(config.listen.udp, []);
  assert.equal(config.policy.dpd, 60_000);
  assert.equal(config.policy.mobile_dpd, 60_000);
  assert.equal(config.policy.keepalive, 3_600_000);
  assert.equal(config.admin.socket, '/var/run/occtl.socket');
  assert.equal(config.network.forwarding, false);
  assert.equal(config.auth.file.renew_hashes, false);
  assert.equal(config.tls.certificate[0], path.join(folder, 'server.pem'));
  assert.equal(existsSync(path.join(folder, 'run')), false);
});

test('an error names file, line and option', () => {
  const { config, errors } = read(`${PLAIN}${TLS}${NETWORK}\nbanner = x\ndpd = 5\nmtu = 99999\n`);
  assert.equal(config, null);
  assert.match(errors.join('\n'), /ocserv\.conf:10: mtu: policy\.mtu/);
});

test('without a way in, or with less of one than was wanted, nothing starts', () => {
  for (const auth of ['', 'auth = gssapi\n', `${PLAIN}auth = gssapi\n`]) {
    assert.equal(read(auth + TLS + NETWORK).config, null, auth);
  }
  const beside = read(`${PLAIN}enable-auth = gssapi\n${TLS}${NETWORK}`);
  assert.notEqual(beside.config, null);
  assert.match(startWarnings(beside.notes).join('\n'), /warning: .*:2: enable-auth: Kerberos/);
});

test('what guards something and cannot be kept stops the start', () => {
  for (const line of ['restrict-user-to-ports = "gre(1)"', 'listen-host = no.such.name', 'x']) {
    assert.equal(read(`${PLAIN}${TLS}${NETWORK}${line}\n`).config, null, line);
  }
});

test('the command line goes before the file', () => {
  const text = `${PLAIN}${TLS}${NETWORK}log-level = 1\n`;
  assert.equal(source(text).read().config?.log.level, 'warn');
  assert.equal(source(text, 3).read().config?.log.level, 'debug');
});

test('the RADIUS secret lies in the folder of the run, for root only, as long as the run lasts', () => {
  mkdirSync(path.join(folder, 'run'), { recursive: true });
  writeFileSync(path.join(folder, 'servers'), '192.0.2.1 s3cret\n');
  writeFileSync(path.join(folder, 'radius'), `authserver 192.0.2.1\nservers ${folder}/servers\n`);
  const made = source(`auth = "radius[config=./radius]"\n${TLS}${NETWORK}`);
  assert.deepEqual(made.read().errors, []);
  const reading = made.readForServer();
  assert.ok(reading.ok);
  const file = reading.config.auth.radius.secret_file ?? '';
  assert.ok(file.startsWith(path.join(folder, 'run')));
  assert.equal(statSync(file).mode & 0o777, 0o600);
  made.removeSecrets();
  assert.equal(existsSync(file), false);
});

test('relative paths count from where ocserv was started, and from chroot-dir for programs', () => {
  const plain = asOcserv('/here', []);
  assert.equal(plain('./passwd', 'auth'), '/here/passwd');
  assert.equal(plain('/etc/x', 'auth'), '/etc/x');
  const cell = asOcserv('/here', parseConf('chroot-dir = /cell').lines);
  assert.equal(cell('./up.sh', 'connect-script'), '/cell/up.sh');
  assert.equal(cell('./passwd', 'auth'), '/here/passwd');
  const profile = asOcserv('/here', parseConf(`chroot-dir = ${folder}`).lines);
  assert.equal(profile('/passwd', 'user-profile'), path.join(folder, 'passwd'));
  assert.equal(profile('other.xml', 'user-profile'), '/here/other.xml');
});

test('several servers of one machine have folders and devices of their own', () => {
  assert.equal(instanceFolders('/etc/ocserv/ocserv.conf', {}).state, '/var/lib/wolfguard/ocserv');
  const others = ['/a.conf', '/b.conf'].map((file) => instanceFolders(file, {}).runtime);
  assert.equal(new Set(others).size, 2);
  assert.equal(
    freeDevice('vpns0', () => false),
    'vpns0',
  );
  assert.equal(
    freeDevice('vpns0', (name) => name !== 'vpns2'),
    'vpns2',
  );
});

test('a link is the command of its name', () => {
  const links = new Map([['ocserv', 'ocserv']]);
  assert.deepEqual(argumentsOf(['node', '/usr/sbin/ocserv', '-f'], links), ['ocserv', '-f']);
  assert.deepEqual(argumentsOf(['node', '/x/wolfguard.ts', 'check'], links), ['check']);
});
