import assert from 'node:assert/strict';
import { argon2Sync } from 'node:crypto';
import {
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

import { parse } from 'smol-toml';

import { loadConfig } from '../../../config/loader.ts';
import { pinOf } from '../../../certs/pin.ts';
import { prepareQuickStart, type QuickStart } from '../../../cli/quick_start.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-start-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a first start makes a folder that git and other users do not see', async () => {
  const { stateDir, start } = fresh();
  const { firstStart, configPath } = await start();
  assert.equal(firstStart, true);
  assert.equal(configPath, path.join(stateDir, 'wolfguard.toml'));
  assert.equal(statSync(stateDir).mode & 0o777, 0o700);
  assert.equal(readFileSync(path.join(stateDir, '.gitignore'), 'utf8'), '*\n');
  for (const name of ['ca.key', 'server.key', 'passwd', 'wolfguard.toml']) {
    assert.equal(statSync(path.join(stateDir, name)).mode & 0o777, 0o600, name);
  }
});

test('a folder that was there before keeps its mode and gets no .gitignore', async () => {
  const { stateDir, start } = fresh();
  mkdirSync(stateDir, { mode: 0o755 });
  await start();
  assert.equal(statSync(stateDir).mode & 0o777, 0o755);
  assert.equal(existsSync(path.join(stateDir, '.gitignore')), false);
});

test('the announced command stands on a line of its own and holds the right password and pin', async () => {
  const { stateDir, start } = fresh();
  const { password, pin, url } = commandIn(await start({ address: 'vpn.example.org' }));
  assert.equal(url, 'https://vpn.example.org:8443');
  assert.equal(pin, pinOf(readFileSync(path.join(stateDir, 'server.pem'), 'utf8')));
  assert.match(password, /^[a-zA-Z2-9]{20}$/);
  assert.equal(verifies(stateDir, password), true);
  assert.equal(verifies(stateDir, `${password}x`), false);
  assert.equal(readFileSync(path.join(stateDir, 'passwd'), 'utf8').includes(password), false);
});

test('a second start changes no file and cannot show the password again', async () => {
  const { stateDir, start } = fresh();
  (await start()).announce();
  const before = contents(stateDir);
  const second = await start();
  assert.equal(second.firstStart, false);
  assert.equal(commandIn(second).password, 'PASSWORD');
  assert.match(second.announce(), /npm start -- --new-password/);
  assert.deepEqual(contents(stateDir), before);
});

test('a new password is set on demand and the old one no longer works', async () => {
  const { stateDir, start } = fresh();
  const old = commandIn(await start()).password;
  const renewed = commandIn(await start({ newPassword: true })).password;
  assert.notEqual(renewed, old);
  assert.equal(verifies(stateDir, renewed), true);
  assert.equal(verifies(stateDir, old), false);
});

test('a password that no start has shown is replaced by the next start', async () => {
  const { stateDir, start } = fresh();
  await start(); // The server then failed, say because its port was taken: nothing was announced.
  const { password } = commandIn(await start());
  assert.equal(verifies(stateDir, password), true);
  assert.equal(commandIn(await start()).password, 'PASSWORD');
});

test('a new password leaves the other users alone', async () => {
  const { stateDir, start } = fresh();
  (await start()).announce();
  const passwd = path.join(stateDir, 'passwd');
  const name = readFileSync(passwd, 'utf8').split(':')[0] ?? '';
  writeFileSync(passwd, `# people\n${name}:staff:$6$old\nbob:*:$6$salt$hash\n`);
  const { user } = commandIn(await start({ newPassword: true }));
  assert.equal(user, name);
  const [comment, first, second] = readFileSync(passwd, 'utf8').split('\n');
  assert.equal(comment, '# people');
  assert.match(first ?? '', /:staff:\$argon2id\$/);
  assert.equal(second, 'bob:*:$6$salt$hash');
});

test('the configuration is TOML that names every file in the folder', async () => {
  const { stateDir, start } = fresh();
  const { configPath } = await start();
  const config = structuredClone(parse(readFileSync(configPath, 'utf8'))) as Record<
    string,
    Record<string, unknown>
  >;
  assert.equal(config['state']?.['dir'], stateDir);
  assert.equal(config['tls']?.['certificate'], path.join(stateDir, 'server.pem'));
  assert.deepEqual(config['auth'], { file: { path: path.join(stateDir, 'passwd') } });
  assert.match(String(config['listen']?.['tcp']), /:8443$/);
  assert.match(String(config['network']?.['ipv4']), /\/16$/);
  assert.equal(loadConfig(readFileSync(configPath, 'utf8'), configPath).ok, true);
});

test('what the operator has edited is announced, and the file is not touched', async () => {
  const { start } = fresh();
  const { configPath } = await start();
  const text = readFileSync(configPath, 'utf8').replaceAll(':8443', ':443');
  writeFileSync(configPath, text);
  const again = await start({ port: 443, address: 'vpn.example.org' });
  assert.equal(commandIn(again).url, 'https://vpn.example.org');
  assert.equal(readFileSync(configPath, 'utf8'), text);
});

test('a port that differs from the one in the file is refused, not ignored', async () => {
  const { start } = fresh();
  await start();
  await assert.rejects(start({ port: 9443 }), {
    code: 'QUICK_START_PORT',
    message: /says port 8443/,
  });
});

test('an address that is none, a port that is none and a folder that cannot be are refused', async () => {
  const { start } = fresh();
  await assert.rejects(start({ address: 'https://x' }), { code: 'QUICK_START_ADDRESS' });
  await assert.rejects(start({ address: "x';reboot" }), { code: 'QUICK_START_ADDRESS' });
  await assert.rejects(start({ port: 70_000 }), { code: 'QUICK_START_PORT' });
  const stateDir = '/dev/null/state';
  await assert.rejects(prepareQuickStart({ stateDir, port: 443, newPassword: false }), {
    code: 'QUICK_START_FOLDER',
    message: /cannot make the folder .*state/,
  });
});

test('a mistake in the edited file is left to the loader that shows its line', async () => {
  const { start } = fresh();
  const { configPath } = await start();
  writeFileSync(configPath, '[listen\n');
  const { firstStart } = await start();
  assert.equal(firstStart, false);
  assert.equal(readFileSync(configPath, 'utf8'), '[listen\n');
});

function fresh() {
  const stateDir = path.join(mkdtempSync(path.join(folder, 'run-')), '.wolfguard');
  const start = (options: { port?: number; address?: string; newPassword?: boolean } = {}) =>
    prepareQuickStart({ stateDir, port: 8443, newPassword: false, ...options });
  return { stateDir, start };
}

/** The parts of the command, which must fill one whole line of the announcement. */
function commandIn(quickStart: QuickStart) {
  const match =
    /^echo '([^']*)' \| sudo openconnect --servercert (\S+) --user (\S+) --passwd-on-stdin (\S+)$/m.exec(
      quickStart.announce(),
    );
  assert.ok(match);
  const [, password = '', pin = '', user = '', url = ''] = match;
  return { password, pin, user, url };
}

/** Checks a password against the PHC string, with parameters read from it. */
function verifies(stateDir: string, password: string): boolean {
  const line = readFileSync(path.join(stateDir, 'passwd'), 'utf8').trim();
  const match = /^[^:]+:[^:]*:\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(
    line,
  );
  assert.ok(match);
  const [, memory, passes, lanes, salt = '', hash = ''] = match;
  const computed = argon2Sync('argon2id', {
    message: password,
    nonce: Buffer.from(salt, 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(lanes),
    tagLength: 32,
  });
  return computed.equals(Buffer.from(hash, 'base64'));
}

function contents(stateDir: string): Record<string, string> {
  const names = ['ca.pem', 'ca.key', 'server.pem', 'server.key', 'passwd', 'wolfguard.toml'];
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(path.join(stateDir, name), 'utf8')]),
  );
}
