import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createAuthority, issueServerCertificate } from '../../../certs/authority.ts';
import { readConfig } from '../../../config/check.ts';
import { readProfiles } from '../../../server/profiles.ts';
import { loadRouteFiles } from '../../../server/policy_lists.ts';
import { assessReload, changedKeys } from '../../../server/reload.ts';
import type { Loaded, ReloadAssessment } from '../../../server/reload.ts';
import { readTlsFiles } from '../../../server/tls_files.ts';

test('a changed key that a running server takes is accepted and named', async (t) => {
  const { current, write, configPath } = await running(t);
  write('[limits]\nmax_clients = 7');
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'accepted');
  assert.deepEqual(plan.changed, ['limits.max_clients']);
  assert.equal(plan.next.config.limits.max_clients, 7);
});

test('a key that needs a restart refuses the whole file by its name', async (t) => {
  const { current, write, configPath } = await running(t);
  write('[limits]\nmax_clients = 7\n[network]\ndevice = "other0"');
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'refused');
  assert.match(plan.reason, /network\.device/);
});

test('mistakes in the file are told with their places', async (t) => {
  const { current, write, configPath } = await running(t);
  write('[limits]\nmax_cliens = 7\n[log]\nlevel = "loud"');
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'refused');
  assert.match(plan.reason, /max_cliens[^]*loud/);
});

test('a new certificate in the old file is noticed', async (t) => {
  const { current, configPath, folder } = await running(t);
  const unchanged = assess(configPath, current);
  assert.ok(unchanged.kind === 'accepted' && unchanged.changed.length === 0);
  await makeCertificate(folder);
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'accepted');
  const files = [path.join(folder, 'server.pem'), path.join(folder, 'server.key')];
  assert.deepEqual(plan.changed, ['tls.certificate', ...files]);
  const [change, ...more] = plan.plan.certificates;
  assert.equal(more.length, 0);
  assert.deepEqual([change?.host, change?.after?.names], ['', ['test']]);
  assert.notEqual(change?.before?.fingerprint, change?.after?.fingerprint);
});

test('a certificate that does not fit its key is refused', async (t) => {
  const { current, configPath, folder } = await running(t);
  const key = path.join(folder, 'server.key');
  copyFileSync(key, `${key}.old`);
  await makeCertificate(folder);
  copyFileSync(`${key}.old`, key);
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'refused');
  assert.match(plan.reason, /does not belong/);
});

test('a malformed section of a user refuses the whole file and names its line', async (t) => {
  const { current, write, configPath } = await running(t);
  write('[limits]\nmax_clients = 7\n[user."a b".policy]\nroutes = ["10.0.0.0/33"]');
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'refused');
  assert.match(
    plan.reason,
    /wolfguard\.toml:7:11: \[user\."a b"\.policy\] routes: "10\.0\.0\.0\/33"/,
  );
});

test('a profile is read anew, and one that is missing or none refuses the reload', async (t) => {
  const { current, write, configPath, folder } = await running(t);
  const file = path.join(folder, 'staff.xml');
  write(`[group.staff.policy]\nuser_profile = "${file}"`);
  const missing = assess(configPath, current);
  assert.match(
    missing.kind === 'refused' ? missing.reason : '',
    /^\S+:5:16: .*staff\.xml": there is no such file/,
  );
  writeFileSync(file, '<Profile/>');
  const wrong = assess(configPath, current);
  assert.match(
    wrong.kind === 'refused' ? wrong.reason : '',
    /user_profile: .*staff\.xml" is no AnyConnect profile/,
  );
  writeFileSync(file, '<AnyConnectProfile></AnyConnectProfile>');
  const first = assess(configPath, current);
  assert.ok(first.kind === 'accepted');
  assert.deepEqual(first.changed, ['group.staff.policy.user_profile']);
  assert.deepEqual(
    [...first.next.profiles].map(([key, { name, sha1 }]) => [key, name, sha1]),
    [[file, 'staff.xml', 'FB5F4004EFEDD9D3AA3A72B8395395CDBD263B15']],
  );
  writeFileSync(file, '<AnyConnectProfile> </AnyConnectProfile>');
  const renewed = assess(configPath, first.next);
  assert.ok(renewed.kind === 'accepted');
  assert.deepEqual(renewed.changed, [file]);
});

/** On a machine whose accounts are those of this test. */
function assess(
  configPath: string,
  current: Loaded,
):
  | { kind: 'accepted'; changed: string[]; next: Loaded; plan: ReloadAssessment['plan'] }
  | { kind: 'refused'; reason: string; plan: ReloadAssessment['plan'] } {
  const accounts = { passwd: '/etc/passwd', group: '/etc/group', pam: [] };
  const { plan, next } = assessReload(configPath, current, Date.now(), { accounts });
  return next === undefined
    ? { kind: 'refused', reason: plan.refusals.join('\n'), plan }
    : { kind: 'accepted', changed: changedKeys(plan), next, plan };
}

test('all reasons are told at once, those of files with their lines', async (t) => {
  const { current, write, configPath, folder } = await running(t);
  write(`[network]
device = "other0"
[workers]
count = 3
[policy]
user_profile = "${folder}/staff.xml"
routes_file = "${folder}/routes"`);
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'refused');
  const [profile, routes, restart, ...more] = plan.plan.refusals;
  assert.match(profile ?? '', /wolfguard\.toml:9:16: policy\.user_profile: .*no such file/);
  assert.match(routes ?? '', /wolfguard\.toml:10:15: policy\.routes_file: .*no such file/);
  assert.equal(restart, 'a restart is needed for workers.count, network.device');
  assert.deepEqual(more, []);
  // What was found is shown all the same.
  assert.equal(plan.plan.changes.length, 4);
});

test('a password file that a new file names and nobody made refuses the reload', async (t) => {
  const { current, write, configPath, folder } = await running(t);
  write(`[auth.file]\npath = "${folder}/nobody"`);
  const plan = assess(configPath, current);
  assert.match(
    plan.kind === 'refused' ? plan.reason : '',
    /:5:8: auth\.file\.path: .*no such file/,
  );
});

test('one that was named before and is gone now is a warning: other changes are let in', async (t) => {
  const { current, write, configPath } = await running(t);
  write('[limits]\nmax_clients = 7');
  const plan = assess(configPath, current);
  assert.ok(plan.kind === 'accepted');
  assert.equal(plan.plan.warnings.length, 1);
  assert.match(plan.plan.warnings[0] ?? '', /passwd": there is no such file/);
});

async function running(t: TestContext): Promise<{
  current: Loaded;
  configPath: string;
  folder: string;
  write: (text: string) => void;
}> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const configPath = path.join(folder, 'wolfguard.toml');
  const tls = `[tls]\ncertificate = "${folder}/server.pem"\nprivate_key = "${folder}/server.key"\n`;
  const write = (text: string): void => writeFileSync(configPath, `${tls}${text}\n`);
  write('');
  await makeCertificate(folder);
  const result = readConfig(configPath);
  assert.ok(result.ok);
  const { config, root } = result;
  const tlsFiles = readTlsFiles(config, Date.now());
  const current = {
    config,
    root: root ?? null,
    tls: tlsFiles,
    profiles: readProfiles(config),
    routeFiles: loadRouteFiles(config),
  };
  return { current, configPath, folder, write };
}

async function makeCertificate(folder: string): Promise<void> {
  const now = Date.now();
  const identity = { dnsNames: ['test'], addresses: [] };
  const issued = await issueServerCertificate(await createAuthority('test', now), identity, now);
  writeFileSync(path.join(folder, 'server.pem'), issued.certificatePem);
  writeFileSync(path.join(folder, 'server.key'), issued.privateKeyPem);
}
