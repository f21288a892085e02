import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import { renderManual } from '../../../config/manual.ts';
import { renderSample } from '../../../config/sample.ts';
import { isAvailable, sections } from '../../../config/schema.ts';

const ROOT = join(import.meta.dirname, '../../..');

test('the sample loads and says what an empty file says', () => {
  const sample = loadConfig(renderSample(), 'wolfguard.toml');
  assert.ok(sample.ok, sample.ok ? '' : sample.output);
  const empty = loadConfig('', 'wolfguard.toml');
  assert.ok(empty.ok);
  assert.deepEqual(sample.config, empty.config);
});

test('every available key stands in the sample, and no other is active', () => {
  const sample = renderSample();
  for (const [name, section] of sections) {
    if (section.example.length > 0) continue;
    const body = bodyOf(sample, name);
    for (const [key, spec] of Object.entries(section.keys)) {
      assert.equal(new RegExp(`^${key} = `, 'm').test(body), spec.available, `${name}.${key}`);
      assert.equal(new RegExp(`^#${key} = `, 'm').test(body), !spec.available, `${name}.${key}`);
    }
  }
});

test('the sample without its comment signs is refused for exactly the keys still to come', () => {
  const all = renderSample().replaceAll(/^#(?=\w+ = |\[)/gm, '');
  const result = loadConfig(all, 'wolfguard.toml');
  assert.ok(!result.ok);
  const expected = [...sections].flatMap(([name, { keys, example }]) => {
    if (example.length > 0) return [];
    return Object.entries(keys).flatMap(([key, spec]) =>
      spec.available ? [] : [`${name}.${key}`],
    );
  });
  assert.deepEqual(result.problems.map(({ key }) => key).sort(), expected.sort());
  for (const { message } of result.problems) assert.match(message, /is not available yet$/);
});

test('every key has a default that its own kind takes, and an explanation', () => {
  for (const [name, section] of sections)
    for (const [key, { kind, default: value, explanation }] of Object.entries(section.keys)) {
      if (value === '' && !isAvailable(section)) continue;
      kind.parse(value, (message) => assert.fail(`${name}.${key}: ${message}`));
      assert.ok(explanation.length > 0 && !explanation.endsWith('.'), `${name}.${key}`);
    }
});

const NEEDS_OTHERS: ReadonlySet<string> = new Set([
  'group.ipv4',
  'listen.proxy_protocol',
  'auth.ldap.bind_dn',
  'auth.ldap.bind_password_file',
  'tls.client_crl',
  // The example is the default of [network], whose pool is another.
  'vhost.ipv4',
]);

test('the examples of kinds are values of that kind', () => {
  for (const [name, section] of sections)
    for (const [key, spec] of Object.entries(section.keys)) {
      // With one key alone, what it needs beside it is missing.
      if (!spec.available || NEEDS_OTHERS.has(`${name}.${key}`)) continue;
      const table = { list: `[[${name}]]`, named: `[${name}.a]`, table: `[${name}]` }[
        section.shape
      ];
      const others = (section.required ?? []).filter((name) => name !== key);
      const lines = [...others, key].map((name) => `${name} = ${section.keys[name]?.kind.example}`);
      const result = loadConfig(`${table}\n${lines.join('\n')}`, 'f');
      assert.ok(result.ok, result.ok ? '' : result.output);
    }
});

test('the manual names every key, and its examples load', () => {
  const manual = renderManual();
  for (const [name, { keys }] of sections)
    for (const key of Object.keys(keys)) assert.ok(manual.includes(`\`${key}\``), `${name}.${key}`);
  const examples = [...manual.matchAll(/^```toml\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
  assert.ok(examples.length >= 3);
  for (const example of examples) {
    const result = loadConfig(example, 'example');
    assert.ok(result.ok, result.ok ? '' : result.output);
  }
});

test('the files in the repository are those that the table makes', () => {
  assert.equal(readFileSync(join(ROOT, 'config/wolfguard.toml'), 'utf8'), renderSample());
  assert.equal(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8'), renderManual());
  const run = spawnSync(process.execPath, [join(ROOT, 'config/generate.ts'), '--check']);
  assert.equal(run.status, 0, run.stderr.toString());
});

/** The lines of a section, its header left out, active or not. */
function bodyOf(sample: string, name: string): string {
  const header = new RegExp(`^#?\\[{1,2}${name.replace('.', '\\.')}\\]{1,2}.*$`, 'm').exec(sample);
  assert.ok(header, `[${name}] is missing`);
  const rest = sample.slice(header.index + header[0].length);
  const next = /^#?\[/m.exec(rest);
  return next === null ? rest : rest.slice(0, next.index);
}
