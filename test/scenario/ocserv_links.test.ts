// Three links in place of three binaries: Debian's own sample of an ocserv.conf with a certificate
// put in, people made by ocpasswd, a daemon, occtl, a reload, an end; and the way back.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from './harness/client.ts';
import type { CommandResult } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { isAlive } from './harness/proc.ts';
import { sanitizerEnvironment } from './harness/sanitizer.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 90_000 };
const ALICE = { user: 'alice', password: 'correct horse' };
const SAMPLE = '/etc/ocserv/ocserv.conf';
const CONF = 'etc/ocserv.conf';
const lab = new Lab();
after(() => lab.close());
for (const folder of ['bin', 'etc']) mkdirSync(lab.file(folder));
for (const [link, program] of [
  ['ocserv', 'wolfguard'],
  ['ocpasswd', 'wolfguard'],
  ['occtl', 'wolfctl'],
] as const) {
  const target = fileURLToPath(new URL(`../../cli/${program}.ts`, import.meta.url));
  symlinkSync(target, lab.file(`bin/${link}`));
}
copyFileSync(SAMPLE, lab.file(CONF));
const shell = await machine();

test(
  'ocpasswd makes people, and ocserv -t finds the file good with its certificate',
  options,
  () => {
    assert.equal(run('ocserv -t').code, 1);
    appendFileSync(
      lab.file(CONF),
      `server-cert = ${lab.certificate.certificatePath}\nserver-key = ${lab.certificate.keyPath}\n`,
    );
    run(`echo '${ALICE.password}' | ocpasswd -c /etc/ocserv/passwd -g staff alice`, 0);
    assert.match(readFileSync(lab.file('etc/passwd'), 'utf8'), /^alice:staff:\$6\$/);
    run('ocserv -t', 0);
  },
);

test(
  'the shell has its prompt again when the daemon listens, and a second one is refused',
  options,
  () => {
    const started = run('ocserv', 0);
    assert.match(started.stderr, /ocserv\.conf:\d+: device: /);
    assert.doesNotMatch(started.stderr, /error/);
    assert.ok(isAlive(pid()));
    const second = run('ocserv');
    assert.equal(second.code, 1);
    assert.match(second.stderr, /error: .*443/);
    assert.ok(isAlive(pid()));
  },
);

test('openconnect connects, and occtl shows and ends it', options, async () => {
  const before = readFileSync(lab.file('etc/passwd'), 'utf8');
  const client = await Client.connect(lab, { account: ALICE, bare: true });
  assert.match(client.ipv4, /^192\.168\.1\./);
  assert.equal(client.told('INTERNAL_IP4_DNS'), '192.168.1.1');
  assert.equal(client.channel, 'dtls');
  assert.match(run('occtl show users', 0).stdout, /alice/);
  run('occtl disconnect user alice', 0);
  await client.program.stop();
  assert.equal(readFileSync(lab.file('etc/passwd'), 'utf8'), before, 'ocserv reads it as well');
});

test('SIGHUP reads ocserv.conf again, and a mistake changes nothing', options, async () => {
  const good = readFileSync(lab.file(CONF), 'utf8').replace(/^dns = .*$/m, 'dns = 192.168.1.53');
  const dns = async (): Promise<string> => {
    const client = await Client.connect(lab, { account: ALICE, bare: true });
    await client.logOut();
    return client.told('INTERNAL_IP4_DNS');
  };
  writeFileSync(lab.file(CONF), good);
  run('kill -HUP $(cat /run/ocserv.pid)', 0);
  await eventually('the new name server', 30_000, async () => (await dns()) === '192.168.1.53');
  writeFileSync(lab.file(CONF), `${good}nonsense\n`);
  assert.notEqual(run('occtl reload').code, 0);
  assert.equal(await dns(), '192.168.1.53');
  writeFileSync(lab.file(CONF), good);
});

test('who is locked stays outside', options, async () => {
  run('ocpasswd -c /etc/ocserv/passwd -l alice', 0);
  const client = new Client(lab, { account: ALICE, bare: true });
  assert.notEqual((await client.program.waitForExit(20_000)).code, 0);
  run('ocpasswd -c /etc/ocserv/passwd -u alice', 0);
});

test('SIGTERM ends it, and nothing of it is left', options, async () => {
  const old = pid();
  run('kill $(cat /run/ocserv.pid)', 0);
  await eventually('the end', 20_000, () => !isAlive(old));
  assert.equal(run('ls /run/ocserv.pid /run/occtl.socket').stdout, '');
  // What it wrote beside the administrator's files: nothing.
  assert.deepEqual(run('ls /etc/ocserv', 0).stdout.split('\n').filter(Boolean), [
    'ocserv.conf',
    'passwd',
  ]);
});

test('the way back: ocserv itself lets the same people in', options, async () => {
  const server = lab.server.spawn('nsenter', [
    ...[`--mount=/proc/${shell.pid}/ns/mnt`, '/usr/sbin/ocserv', '-f', '-d', '1'],
  ]);
  await eventually('ocserv listens', 10_000, () =>
    lab.server.run('ss', ['-Hltn', 'sport = :443']).includes('LISTEN'),
  );
  const client = await Client.connect(lab, { account: ALICE, bare: true });
  assert.match(client.ipv4, /^192\.168\.1\./);
  await client.logOut();
  await server.stop();
});

const pid = (): number => Number(run('cat /run/ocserv.pid', 0).stdout);

/** A command line on the server's machine, with the links in front. */
function run(command: string, code?: number): CommandResult {
  const environment = Object.entries(sanitizerEnvironment()).map(
    ([key, value]) => `${key}=${value}`,
  );
  const node = path.dirname(process.execPath);
  const result = lab.server.try('nsenter', [
    ...[`--mount=/proc/${shell.pid}/ns/mnt`, 'env', ...environment],
    ...[`PATH=${lab.file('bin')}:${node}:${process.env['PATH'] ?? ''}`, 'sh', '-c', command],
  ]);
  if (code !== undefined) assert.equal(result.code, code, `${command}\n${result.stderr}`);
  return result;
}

/** Its /etc/ocserv is the test's, and /run and /var/lib are empty. */
async function machine(): Promise<{ readonly pid: number }> {
  const script = `
    mount --bind ${lab.file('etc')} /etc/ocserv
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/lib
    mkdir -p /var/lib/ocserv/run /run/netns
    echo set up
    exec sleep 600`;
  const program = lab.server.spawn('unshare', ['--mount', 'sh', '-ec', script]);
  lab.onClose(() => program.stop());
  await program.waitFor(/set up/, 10_000);
  assert.ok(existsSync(`/proc/${program.pid}/ns/mnt`));
  return { pid: program.pid };
}
