import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import { diffReload } from '../../../config/reload.ts';
import type { Config } from '../../../config/schema.ts';

test('nothing changes when only the way of writing does', () => {
  const before = 'policy.dpd = "90s"\npolicy.dns = ["FD00::0053"]\nlisten.tcp = [":443"]';
  const after = '[listen]\ntcp = ["[::]:443"]\n[policy]\ndpd = "1m30s"\ndns = ["fd00::53"]';
  assert.deepEqual(diff(before, after), { reloadable: [], needsRestart: [] });
});

test('changed keys are told apart by what a running server takes', () => {
  const after = `
    listen.tcp = [":444"]
    policy.routes = ["10.0.0.0/8"]
    log = { level = "debug", format = "pretty" }
    auth.file.path = "/tmp/passwd"
    network.ipv6 = "fd00::/64"
    http.headers = { X-Frame-Options = "DENY" }
  `;
  assert.deepEqual(diff('', after), {
    reloadable: ['auth.file.path', 'policy.routes', 'http.headers', 'log.level'],
    needsRestart: ['listen.tcp', 'network.ipv6', 'log.format'],
  });
});

test('chains are compared as a whole', () => {
  const after = '[[auth.chain]]\nsteps = ["file"]\n[[auth.chain]]\nsteps = ["file"]';
  assert.deepEqual(diff('', after), { reloadable: ['auth.chain'], needsRestart: [] });
});

const diff = (before: string, after: string): ReturnType<typeof diffReload> =>
  diffReload(sound(before), sound(after));

function sound(text: string): Config {
  const result = loadConfig(text, 'f');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result.config;
}
