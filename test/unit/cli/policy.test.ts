import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { explainPolicy } from '../../../cli/policy.ts';
import type { PolicyAnswer, PolicyQuestion } from '../../../cli/policy.ts';
import { renderPolicy } from '../../../cli/policy_text.ts';
import { schema } from '../../../config/schema.ts';
import { WolfguardError } from '../../../core/error.ts';

const TEXT = `# line 1
[policy]
routes = ["10.0.0.0/8"]
dns = ["10.0.0.53"]
mtu = 1400
[[vhost]]
name = "Partners.example.com"
policy = { banner = "Hello", headers = { X-A = "{user}" } }
auth = { chain = [{ steps = ["radius"] }], radius = { servers = ["192.0.2.1"], secret_file = "/s" } }
[group.staff.policy]
append_routes = true
routes = [
  "192.168.0.0/16",
  "10.0.0.0/8",
]
[group.guests.policy]
udp = false
[user."a b".policy]
mtu = 0
no_routes = ["10.9.0.0/16"]
`;

let folder = '';
let file = '';

before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-policy-'));
  file = path.join(folder, 'wolfguard.toml');
  writeFileSync(file, TEXT);
});

after(() => rmSync(folder, { recursive: true }));

test('every key is shown with its value and the place that it comes from', () => {
  const answer = explain({ user: 'a b', groups: ['staff'], vhost: 'PARTNERS.example.com' });
  assert.deepEqual(
    answer.keys.map(({ key }) => key),
    Object.keys(schema.policy.keys),
  );
  assert.deepEqual(shown(answer, 'dns'), [['10.0.0.53'], '[policy] 4']);
  assert.deepEqual(shown(answer, 'dpd'), ['90s', 'default']);
  assert.deepEqual(shown(answer, 'mtu'), [0, '[user."a b".policy] 19']);
  assert.deepEqual(shown(answer, 'banner'), ['Hello', '[[vhost]] partners.example.com policy 8']);
  assert.deepEqual(shown(answer, 'routes'), [
    ['10.0.0.0/8', '192.168.0.0/16'],
    '[policy] 3',
    '[group.staff.policy] 12',
  ]);
  assert.deepEqual(shown(answer, 'no_routes'), [['10.9.0.0/16'], '[user."a b".policy] 20']);
  assert.deepEqual(answer.remarks, []);
});

test('sections that are not there, or not used, are said', () => {
  const { remarks, group } = explain({ user: 'bob', groups: ['x.y', 'guests', 'staff'] });
  assert.equal(group, 'guests');
  assert.deepEqual(remarks, [
    'no section for the group: [group."x.y".policy]',
    'not used, since a group before it has one: [group.staff]',
    'no section for the user: [user.bob.policy]',
  ]);
  assert.match(explain({ user: 'bob' }).remarks[0] ?? '', /no group was named/);
});

test('what RADIUS may say at login is named where the host asks it, and only there', () => {
  assert.deepEqual(explain({ user: 'bob' }).atLogin, []);
  const { atLogin } = explain({ user: 'bob', vhost: 'partners.example.com' });
  assert.ok(atLogin.includes('address') && atLogin.includes('session_timeout'));
});

test('a host that is not in the file, and a file with mistakes, are errors that help', () => {
  assert.throws(() => explain({ vhost: 'partner.example.com' }), /did you mean Partners\.example/);
  const broken = path.join(folder, 'broken.toml');
  writeFileSync(broken, '[group.staff.policy]\nmtu = 9\n');
  const error = (configPath: string): string => {
    try {
      explain({ configPath });
    } catch (thrown) {
      assert.ok(thrown instanceof WolfguardError);
      return thrown.message;
    }
    return '';
  };
  assert.match(error(broken), /broken\.toml:2:7: \[group\.staff\.policy\] mtu: 9 is too small/);
  assert.match(
    error(path.join(folder, 'none.toml')),
    /none\.toml cannot be read: there is no such/,
  );
});

test('for people it is a table, in which long lists do not hide where they come from', () => {
  const text = renderPolicy(explain({ user: 'bob', groups: ['staff'] }));
  assert.match(text, /^What bob is given, by the section of group staff:\n\nKEY +VALUE +FROM\n/);
  assert.match(text, /^routes +\["10\.0\.0\.0\/8", "192\.168\.0\.0\/16"\] +\[policy\] line 3 \+ /m);
  assert.match(text, /^headers +\{\} +default$/m);
  const routes = Array.from({ length: 99 }, (_, i) => `10.${i}.0.0/16`);
  const key = { key: 'routes', value: routes, from: [{ section: '[policy]', line: 3 }] };
  const long = renderPolicy({ ...explain({}), keys: [key] });
  assert.match(long, /^routes +\["10\.0\.0\.0\/16", .{30,44}… +\[policy\] line 3$/m);
});

test('the command prints a table or JSON, and says how it is used', () => {
  const table = wolfguard('policy', 'a b', 'staff', '-c', file);
  assert.equal(table.status, 0, table.stderr);
  assert.match(table.stdout, /^mtu +0 +\[user\."a b"\.policy\] line 19$/m);
  const json = wolfguard('policy', 'a b', '-c', file, '--json');
  const answer = JSON.parse(json.stdout) as PolicyAnswer;
  assert.deepEqual(shown(answer, 'mtu'), [0, '[user."a b".policy] 19']);
  assert.equal(wolfguard('policy').status, 2);
  const unknown = wolfguard('policy', 'bob', '-c', file, '--vhost', 'x');
  assert.deepEqual([unknown.status, unknown.stdout], [1, '']);
  assert.match(wolfguard('policy', '--help').stdout, /<user> \[groups\.\.\.\]/);
});

const explain = (question: Partial<PolicyQuestion>): PolicyAnswer =>
  explainPolicy({ configPath: file, user: 'bob', groups: [], vhost: '', ...question });

function shown({ keys }: PolicyAnswer, key: string): unknown[] {
  const found = keys.find((one) => one.key === key);
  assert.ok(found);
  const places = found.from.map(({ section, line }) =>
    line === null ? section : `${section} ${line}`,
  );
  return [found.value, ...places];
}

function wolfguard(...args: readonly string[]) {
  const program = path.join(import.meta.dirname, '../../../cli/wolfguard.ts');
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
}
