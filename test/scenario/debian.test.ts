// The Debian package on a copy of this machine: made, installed, set up, used, removed, purged.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { MachineCopy } from './harness/machine_copy.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const PACKAGE_DEB = fileURLToPath(new URL('../../build/package_deb.mjs', import.meta.url));
const HOME = '/etc/wolfguard';
const CONFINED = fileURLToPath(new URL('harness/confined.py', import.meta.url));
/** The package's own records stay until it is purged. */
const OF_DPKG = /^\/var\/lib\/(dpkg|systemd)\//;
/** The package is a quarter of a gigabyte on its way through a busy machine. */
const options = { timeout: 180_000 };
const START_MS = 20_000;

const lab = new Lab();
after(() => lab.close());

test(
  'a package is installed, set up, serves a client, is removed and purged',
  options,
  async (t) => {
    const deb = makePackage();
    copyFileSync(CONFINED, lab.file('confined.py'));
    const copy = await MachineCopy.of(lab);
    if (copy === undefined) {
      // A container whose root is an overlay in a way that takes no other above it.
      const reason = 'NOT RUN: this machine cannot mount an overlay over its root';
      // Where everything must run, what has not run has failed.
      if (process.env['CI'] === 'true') throw new Error(reason);
      t.skip(reason);
      return;
    }

    await t.test('a fresh installation says what to do, and serves nobody', () => {
      const said = copy.must('dpkg', ['--force-unsafe-io', '--install', `/mnt/deb/${deb}`]);
      assert.match(said, /not set up yet, see \/usr\/share\/doc\/wolfguard\/README\.Debian/);
      assert.match(copy.must('wolfguard', ['--version']), /^\d+\.\d+\.\d+$/m);
      assert.equal(copy.run('/usr/lib/wolfguard/is-set-up', []).code, 1);
      const check = copy.run('wolfguard', ['check']);
      assert.equal(check.code, 1);
      assert.match(check.stderr, /server\.pem/);
      assert.match(copy.must('getent', ['passwd', 'wolfguard']), /nologin/);
    });

    await t.test('the steps of its README make a sound server of it', () => {
      copy.must('cp', [
        `/mnt/${path.basename(lab.certificate.certificatePath)}`,
        `${HOME}/server.pem`,
      ]);
      copy.must('cp', [`/mnt/${path.basename(lab.certificate.keyPath)}`, `${HOME}/server.key`]);
      copy.must('wolfguard', ['passwd', ALICE.user, '--stdin'], ALICE.password);
      copy.must('sed', ['-i', '/NOT SET UP YET/d', `${HOME}/wolfguard.toml`]);
      copy.must('/usr/lib/wolfguard/is-set-up', []);
      assert.match(copy.must('wolfguard', ['check']), /wolfguard\.toml: ok/);
      assert.doesNotMatch(copy.run('wolfguard', ['doctor']).stdout, /^problem/m);
    });

    await t.test('it serves a client inside all that its unit leaves it', async () => {
      copy.must('cp', ['/mnt/confined.py', '/usr/local/sbin/']);
      const server = copy.spawn('python3', [
        '/usr/local/sbin/confined.py',
        ...['/lib/systemd/system/wolfguard.service', 'wolfguard', 'serve'],
      ]);
      await eventually('the server is ready', START_MS, () => {
        if (!server.running) throw new Error(server.output);
        return /"msg":"ready"/.test(server.output);
      });
      const client = await Client.connect(lab, { account: ALICE });
      assert.equal(client.channel, 'dtls');
      assert.equal(ping(lab.client, '10.77.0.1', 3), 1);
      assert.match(copy.must('wolfctl', ['show', 'users']), new RegExp(ALICE.user));
      copy.must('wolfctl', ['reload']);
      // What the kernel or the file system refused is in the log.
      assert.deepEqual(
        server.output.split('\n').filter((line) => /"level":(40|50|60)/.test(line)),
        [],
      );
      copy.must('wolfctl', ['stop', 'now']);
      assert.deepEqual(await server.waitForExit(START_MS), { code: 0, signal: null });
      await client.program.waitForExit(START_MS);
    });

    await t.test('removed, it leaves what people have written; purged, nothing', () => {
      copy.must('dpkg', ['--force-unsafe-io', '--remove', 'wolfguard']);
      const left = copy.changed('wolfguard').filter((file) => !OF_DPKG.test(file));
      assert.ok(left.includes('/etc/wolfguard/passwd'));
      assert.ok(left.some((file) => file.startsWith('/var/lib/wolfguard/')));
      assert.deepEqual(
        left.filter((file) => file.startsWith('/usr/')),
        [],
      );
      copy.must('dpkg', ['--force-unsafe-io', '--purge', 'wolfguard']);
      assert.deepEqual(copy.changed('wolfguard'), []);
    });
  },
);

/** The name in the folder deb of a package of this very tree, not compressed. */
function makePackage(): string {
  const folder = lab.file('deb');
  const { status, stderr } = spawnSync(
    process.execPath,
    [PACKAGE_DEB, '--fast', '--output', folder],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const [file = ''] = readdirSync(folder);
  return file;
}
