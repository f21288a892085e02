// A running server takes another configuration: tunnels under traffic do not notice, all of it or
// nothing counts, and what it would change is told before.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { pinOf } from '../../certs/pin.ts';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client, fetchCookie } from './harness/client.ts';
import { Lab, SERVER_IPV4 } from './harness/lab.ts';
import { signalQuietly } from './harness/cleanup.ts';
import { Server } from './harness/server.ts';
import type { Settings } from './harness/toml.ts';
import { reachable } from './harness/traffic.ts';

const options = { timeout: 60_000 };
const lab = new Lab();
after(() => lab.close());
const { certificatePath, keyPath } = lab.certificate;
const server = await Server.start(lab);
/** Something for the primary and something for the workers. */
const round = (name: string): Settings => ({
  policy: { banner: name },
  'http.headers': { 'X-Round': name },
});
let alice: Client;
let bob: Client;

test('a dry run tells what would change, for whom, and what needs a restart', options, async () => {
  alice = await Client.connect(lab, { account: ALICE });
  bob = await Client.connect(lab, { account: BOB, device: 'tun1', bare: true, dtls: false });
  server.configure({ ...round('zero'), camouflage: { secret: 'nobody-shall-see-this' } });
  const good = server.wolfctl('reload', '--dry-run');
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^\[policy\]\n {2}banner {2}"" → "zero" {2}\(for new sessions\)$/m);
  assert.match(good.stdout, /^2 of 2 sessions would keep another policy than a new login gets$/m);
  assert.match(good.stdout, /^\[camouflage\]\n {2}secret {2}changed {2}\(at once\)$/m);
  assert.doesNotMatch(good.stdout + good.stderr, /nobody-shall-see-this/);

  server.configure({ ...round('zero'), network: { nat: true }, tls: { groups: 'nonsense' } });
  const bad = server.wolfctl('reload', '--dry-run');
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^refused: .*wolfguard\.toml:\d+:\d+: tls\.groups: .*"nonsense"/m);
  assert.match(bad.stdout, /^refused: a restart is needed for network\.nat$/m);
  await assert.rejects(server.ask({ command: 'reload' }), /a restart is needed for network\.nat/);
  assert.deepEqual(heard(), new Set(['']));
});

test('twenty reloads and a new certificate under traffic: no packet is lost', options, async () => {
  await reachable(lab.client, server.inside4);
  const args = ['-n', '-q', '-i', '0.02', '-c', '100', server.inside4];
  const pings = lab.client.spawn('ping', args);
  const pin = swapCertificate();
  for (let i = 1; i <= 20; i++) {
    server.configure(round(`number ${i}`));
    const { changed } = await server.ask<'reload'>({ command: 'reload' });
    assert.ok(changed.includes('policy.banner'));
    assert.equal(changed.includes(certificatePath), i === 1);
  }
  // The old pin fits no more, the new one does.
  const refused = new Client(lab, { account: BOB, device: 'tun2' });
  assert.notEqual((await refused.program.waitForExit(10_000)).code, 0);
  assert.notEqual(await fetchCookie(lab, { account: BOB, pin }), '');
  await pings.waitForExit(15_000);
  const received = Number(/(\d+) received/.exec(pings.output)?.[1]);
  assert.equal(received, 100, pings.output);
  for (const client of [alice, bob]) {
    assert.ok(client.program.running);
    assert.doesNotMatch(client.program.output, /reconnect/i);
  }
  assert.deepEqual([alice.channel, bob.channel], ['dtls', 'tls']);
  assert.deepEqual(heard(), new Set(['number 20']));
});

test('fifty SIGHUPs, logins and a dying worker: one state remains', options, async () => {
  const pin = pinOf(readFileSync(certificatePath, 'utf8'));
  const [worker] = await server.workers();
  server.configure(round('last'));
  // A login that is under way meanwhile goes on.
  const login = fetchCookie(lab, { account: BOB, pin });
  for (let i = 0; i < 50; i++) server.program.signal('SIGHUP');
  assert.notEqual(await login, '');
  signalQuietly(worker ?? 0, 'SIGKILL');
  const outcomes = await Promise.all([
    server.ask<'reload'>({ command: 'reload' }),
    server.ask<'reload'>({ command: 'reload', dryRun: true }),
    server.ask<'reload'>({ command: 'reload' }),
  ]);
  for (const { refusals } of outcomes) assert.deepEqual(refusals, []);
  await server.ready();
  assert.notEqual(await fetchCookie(lab, { account: ALICE, pin }), '');
  assert.deepEqual(heard(), new Set(['last']));
  const { changes } = await server.ask<'reload'>({ command: 'reload', dryRun: true });
  assert.deepEqual(changes, []);
  await Promise.all([alice, bob].map((client) => client.kill()));
});

/** What connections hear that reach one worker or the other; '' = nothing of rounds. */
function heard(): Set<string> {
  const args = ['-sik', '--max-time', '5', `https://${SERVER_IPV4}/1/Linux`];
  return new Set(
    Array.from({ length: 8 }, () => {
      const answer = lab.client.run('curl', args);
      return /^X-Round: (.*?)\r?$/m.exec(answer)?.[1] ?? '';
    }),
  );
}

/** Another pair of keys in the same files; returns the new pin. */
function swapCertificate(): string {
  const [certificate, key] = [lab.file('next.pem'), lab.file('next.key')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', '/CN=next', '-days', '30', '-addext', `subjectAltName=IP:${SERVER_IPV4}`],
      ...['-keyout', key, '-out', certificate],
    ],
    { stdio: 'pipe' },
  );
  writeFileSync(keyPath, readFileSync(key));
  writeFileSync(certificatePath, readFileSync(certificate));
  return pinOf(readFileSync(certificate, 'utf8'));
}
