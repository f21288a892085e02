import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import type { WrittenConfig } from '../../../config/loader.ts';
import { diffReload } from '../../../config/reload.ts';
import { schema, sections } from '../../../config/schema.ts';
import type { ReloadChange } from '../../../core/ipc/reload_plan.ts';

test('nothing changes when only the way of writing does', () => {
  const before = 'policy.dpd = "90s"\npolicy.dns = ["FD00::0053"]\nlisten.tcp = [":443"]';
  const after = '[listen]\ntcp = ["[::]:443"]\n[policy]\ndpd = "1m30s"\ndns = ["fd00::53"]';
  assert.deepEqual(diff(before, after), []);
});

test('each change has its old and new value as written, and from when on it counts', () => {
  const after = `
    listen.tcp = [":444"]
    policy.routes = ["10.0.0.0/8"]
    log = { level = "debug", format = "pretty" }
    auth.file.path = "/tmp/passwd"
    network.ipv6 = "fd00::/64"
    http.headers = { X-Frame-Options = "DENY" }
    tls.min_version = "1.3"
    limits.max_clients = 7
  `;
  assert.deepEqual(
    diff('', after).map(({ section, key, before, after: now, effect }) => [
      `${section}.${key}`,
      before,
      now,
      effect,
    ]),
    [
      ['listen.tcp', ['[::]:443'], [':444'], 'restart'],
      ['tls.min_version', '1.2', '1.3', 'new connections'],
      ['auth.file.path', '/etc/wolfguard/passwd', '/tmp/passwd', 'new logins'],
      ['network.ipv6', '', 'fd00::/64', 'restart'],
      ['policy.routes', [], ['10.0.0.0/8'], 'new sessions'],
      ['limits.max_clients', 0, 7, 'new logins'],
      ['http.headers', {}, { 'X-Frame-Options': 'DENY' }, 'at once'],
      ['log.level', 'info', 'debug', 'at once'],
      ['log.format', 'json', 'pretty', 'restart'],
    ],
  );
});

test('chains are compared as a whole', () => {
  const after = '[[auth.chain]]\nsteps = ["file"]\n[[auth.chain]]\nsteps = ["file"]';
  assert.deepEqual(diff('', after), [
    {
      section: 'auth',
      key: 'chain',
      before: null,
      after: [{ steps: ['file'] }, { steps: ['file'] }],
      secret: false,
      effect: 'new logins',
    },
  ]);
});

test('a secret is never told, neither the old one nor the new one', () => {
  const [change] = diff('camouflage.secret = "old-secret"', 'camouflage.secret = "new-secret"');
  assert.deepEqual(change, {
    section: 'camouflage',
    key: 'secret',
    before: null,
    after: null,
    secret: true,
    effect: 'at once',
  });
});

test('a virtual host is known by its name, and is told what it has of its own only', () => {
  const host = (name: string, own = ''): string =>
    `[[vhost]]\nname = "${name}"\ntls.certificate = "/${name}.pem"\ntls.private_key = "/k"\n${own}\n`;
  const before = host('a.example') + host('b.example');
  // What all have from [tls] and [auth] is one change, whatever the order of the hosts.
  const all = `[tls]\nmin_version = "1.3"\n${host('B.example')}${host('a.example')}`;
  assert.deepEqual(namesOf(diff(before, all)), [
    'tls.min_version',
    // Text in another case is another text.
    'vhost."b.example".tls.certificate',
  ]);
  const own = host('a.example', 'auth.max_attempts = 5\nauth.chain = [{ steps = ["pam"] }]');
  assert.deepEqual(namesOf(diff(before, own + host('b.example'))), [
    'vhost."a.example".auth.max_attempts',
    'vhost."a.example".auth.chain',
  ]);
  const [more] = diff(before, before + host('c.example'));
  assert.deepEqual(more, {
    section: '',
    key: 'vhost',
    before: ['a.example', 'b.example'],
    after: ['a.example', 'b.example', 'c.example'],
    secret: false,
    effect: 'restart',
  });
});

test('what a person would type as a secret is marked so', () => {
  const secrets = [...sections].flatMap(([name, { keys }]) =>
    Object.entries(keys).flatMap(([key, { secret }]) => (secret ? [`${name}.${key}`] : [])),
  );
  assert.deepEqual(secrets, ['camouflage.secret']);
  // Others stand in files of their own, which are named and not shown.
  const suspicious = Object.entries<{ keys: object }>(schema).flatMap(([name, { keys }]) =>
    Object.keys(keys)
      .filter((key) => /secret|password|passphrase/.test(key) && !/file|wrong/.test(key))
      .map((key) => `${name}.${key}`),
  );
  assert.deepEqual(suspicious, ['camouflage.secret']);
});

const namesOf = (changes: readonly ReloadChange[]): string[] =>
  changes.map(({ section, key }) => `${section}.${key}`);

/** As it goes over the admin socket. */
const diff = (before: string, after: string): ReloadChange[] =>
  JSON.parse(JSON.stringify(diffReload(sound(before), sound(after)))) as ReloadChange[];

function sound(text: string): WrittenConfig {
  const result = loadConfig(text, 'f');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result;
}
