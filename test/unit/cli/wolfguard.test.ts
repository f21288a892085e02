import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

test('an unknown command is answered with the one that was meant, and exit code 2', () => {
  const { status, stderr } = wolfguard('chekc');
  assert.equal(status, 2);
  assert.match(stderr, /Did you mean check/);
});

test('help names every command and exits with 0', () => {
  const { status, stdout } = wolfguard('--help');
  assert.equal(status, 0);
  for (const command of [
    ...['serve', 'check', 'doctor', 'passwd', 'otp', 'cert', 'policy', 'import', 'sample'],
  ]) {
    assert.match(stdout, new RegExp(`^ +${command}\\b`, 'm'));
  }
});

test('the version is that of package.json', () => {
  assert.match(wolfguard('--version').stdout, /^\d+\.\d+\.\d+\n$/);
});

test('the printed sample is a file that the loader takes', async () => {
  const { loadConfig } = await import('../../../config/loader.ts');
  const { status, stdout } = wolfguard('sample');
  assert.equal(status, 0);
  const result = loadConfig(stdout, 'sample');
  assert.ok(result.ok, result.ok ? '' : result.output);
});

test('check tells the mistakes of a file on stderr and exits with 1', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'wolfguard.toml');
  writeFileSync(file, '[lisen]\n');
  const { status, stdout, stderr } = wolfguard('check', '-c', file);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /wolfguard\.toml:1:2/);
});

test('doctor takes no option that it does not know', () => {
  assert.equal(wolfguard('doctor', '--mend').status, 2);
});

test('a flag of the quick start without the quick start is an error, not silence', () => {
  const { status, stderr } = wolfguard('serve', '--port', '4443');
  assert.equal(status, 1);
  assert.match(stderr, /belong to --quick-start/);
});

test('quick start and a configuration file exclude each other', () => {
  assert.equal(wolfguard('serve', '--quick-start', '-c', 'x').status, 2);
});

test('a port that is none is refused', () => {
  for (const port of ['0', '65536', '44x']) {
    const { status, stderr } = wolfguard('serve', '--quick-start', '--port', port);
    assert.equal(status, 2);
    assert.match(stderr, /a port is a number/);
  }
});

const PROGRAM = path.join(import.meta.dirname, '..', '..', '..', 'cli', 'wolfguard.ts');

const wolfguard = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: 20_000 });
