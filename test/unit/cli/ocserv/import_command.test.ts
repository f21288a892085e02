import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { importCommand } from '../../../../cli/ocserv/import_command.ts';
import { loadConfig } from '../../../../config/loader.ts';
import { WolfguardError } from '../../../../core/error.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-import-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function run(source: string, output: string, force = false) {
  let written = '';
  let report = '';
  const exitCode = importCommand(
    { source, output: output === '-' ? output : path.join(folder, output), force },
    { write: (text) => void (written += text), complain: (text) => void (report += text) },
  );
  return { exitCode, written, report };
}

const SERVER = `
tcp-port = 443
udp-port = 443
server-cert = ./cert.pem
server-key = ./key.pem
ipv4-network = 192.168.10.0/24
`;

test('users, groups, one-time passwords and RADIUS come along, the secret in a file of its own', () => {
  put('a/cert.pem', '');
  put('a/users/alice', 'explicit-ipv4 = 192.168.10.9\n');
  put('a/users/.backup', 'nonsense\n');
  put('a/groups/staff', 'route = 10.1.0.0/16\n');
  put('a/servers', '192.0.2.1 s3cret\n');
  put('a/radius.conf', `authserver 192.0.2.1\nservers ${path.join(folder, 'a/servers')}\n`);
  const source = put(
    'a/ocserv.conf',
    `auth = "radius[config=./radius.conf]"\nacct = "radius[config=./radius.conf]"\nconfig-per-user = ./users\nconfig-per-group = ./groups/\n${SERVER}`,
  );
  const { exitCode, report } = run(source, 'out/wolfguard.toml');
  assert.equal(exitCode, 0, report);
  const secret = path.join(folder, 'out/radius.secret');
  assert.equal(readFileSync(secret, 'utf8'), 's3cret\n');
  assert.equal(statSync(secret).mode & 0o777, 0o600);
  assert.doesNotMatch(report, /s3cret/);
  const text = readFileSync(path.join(folder, 'out/wolfguard.toml'), 'utf8');
  assert.doesNotMatch(text, /s3cret/);
  const result = loadConfig(text, 'wolfguard.toml');
  assert.ok(result.ok);
  const { radius } = result.config.auth;
  assert.equal(radius.secret_file, secret);
  assert.equal(radius.accounting, true);
  assert.deepEqual(result.config.tls.certificate, [path.join(folder, 'a/cert.pem')]);
  assert.deepEqual([...result.config.user.keys()], ['alice']);
  assert.deepEqual([...result.config.group.keys()], ['staff']);
});

test('nothing is written over unless that is wanted', () => {
  const source = put('b/ocserv.conf', `auth = "plain[passwd=/etc/pw]"\n${SERVER}`);
  put('b/out.toml', 'mine');
  assert.throws(() => run(source, 'b/out.toml'), WolfguardError);
  assert.equal(readFileSync(path.join(folder, 'b/out.toml'), 'utf8'), 'mine');
  assert.equal(run(source, 'b/out.toml', true).exitCode, 0);
  assert.match(readFileSync(path.join(folder, 'b/out.toml'), 'utf8'), /steps = \["file"\]/);
});

test('what is lost is named with file, line and reason, and the exit code says so', () => {
  const source = put('c/ocserv.conf', `auth = "plain[passwd=/etc/pw]"\nsrk-pin = 1234\n${SERVER}`);
  const { exitCode, written, report } = run(source, '-');
  assert.equal(exitCode, 1);
  assert.match(written, /^# Made from /);
  assert.match(report, /ocserv\.conf:2: srk-pin: keys in a TPM are not supported/);
  assert.doesNotMatch(report, /1234/);
  assert.equal(existsSync(path.join(folder, 'c/wolfguard.toml')), false);
});

test('a secret is not printed, and a file that was open to others is not any more', () => {
  put('d/servers', '192.0.2.1 s3cret\n');
  put('d/radius.conf', `authserver 192.0.2.1\nservers ${path.join(folder, 'd/servers')}\n`);
  const source = put('d/ocserv.conf', `auth = "radius[config=./radius.conf]"\n${SERVER}`);
  const printed = run(source, '-');
  assert.equal(printed.exitCode, 1);
  assert.match(printed.report, /radius\.secret is not written/);
  assert.doesNotMatch(printed.written + printed.report, /s3cret/);
  assert.equal(existsSync(path.join(process.cwd(), 'radius.secret')), false);
  const secret = put('d/radius.secret', 'old');
  chmodSync(secret, 0o644);
  assert.equal(run(source, 'd/wolfguard.toml', true).exitCode, 0);
  assert.equal(statSync(secret).mode & 0o777, 0o600);
});

test('a file that is not there is one sentence', () => {
  assert.throws(() => run(path.join(folder, 'none'), '-'), /none cannot be read/);
});
