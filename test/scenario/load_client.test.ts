// The bench's load client against the server: every mode once, briefly.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAddon } from '../../bench/load/client.ts';
import { LoadRun } from '../../bench/load/scene.ts';
import { ALICE } from './harness/accounts.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 30_000 };

const build = fileURLToPath(new URL('../../bench/build.mjs', import.meta.url));
const { status, stderr } = spawnSync(process.execPath, [build], { encoding: 'utf8' });
assert.equal(status, 0, stderr);

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, {}, [ALICE]);

test('the ClientHello bears the App-ID as its session id, and no trace of a resumption', () => {
  const appId = randomBytes(32);
  const hello = Buffer.from(loadAddon().makeClientHello(appId));
  assert.equal(hello[0], 22);
  assert.equal(hello.readUInt16BE(25), 0xfefd);
  assert.equal(hello[59], 32);
  assert.deepEqual(hello.subarray(60, 92), appId);
  assert.equal(hello[92], 0, 'no cookie yet');
  // PSK-AES256-GCM-SHA384, and the signal for renegotiation that OpenSSL adds.
  const suites = hello.subarray(95, 95 + hello.readUInt16BE(93));
  assert.equal(suites.readUInt16BE(0), 0x00a9);
});

interface Report {
  readonly stillUp: number;
  readonly stillUpByDtls: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly probes: { readonly sent: number; readonly roundTripUs: { readonly count: number } };
  readonly flood: { readonly sentPerSecond: number };
  readonly logins: { readonly completed: number };
  readonly ends: Readonly<Record<string, number>>;
}

const sessions = async (): Promise<number> =>
  (await server.ask<'sessions'>({ command: 'sessions' })).length;

for (const channel of ['dtls', 'tls'] as const) {
  test(`sessions are held over ${channel}, answer probes and log out`, options, async () => {
    const run = new LoadRun(lab, [
      ...['hold', `--${channel}`, '--sessions', '5', '--seconds', '1'],
      ...['--probe-rate', '50', '--probe-sessions', '3'],
    ]);
    const { connected, addresses, target } = await run.ready(10_000);
    assert.equal(connected, 5);
    assert.equal(new Set(addresses).size, 5);
    assert.equal(target, server.inside4);
    assert.equal(await sessions(), 5);
    const report = await run.report<Report>(10_000);
    assert.deepEqual(report.failures, {});
    assert.equal(report.stillUp, 5);
    assert.equal(report.stillUpByDtls, channel === 'dtls' ? 5 : 0);
    assert.ok(report.probes.sent >= 40);
    assert.equal(report.probes.roundTripUs.count, report.probes.sent);
    await eventually('all have logged out', 5000, async () => (await sessions()) === 0);
  });
}

test(
  'programs use the sessions through the TUN device, with and without offloads',
  options,
  async () => {
    for (const offload of ['on', 'off']) {
      const run = new LoadRun(lab, ['bulk', '--sessions', '2', '--offload', offload]);
      const { addresses } = await run.ready(10_000);
      for (const address of addresses) {
        assert.equal(ping(lab.client, server.inside4, 3, 1000), 1);
        const echoed = lab.client.run('ping', [
          '-c',
          '1',
          '-W',
          '2',
          '-I',
          address,
          server.inside4,
        ]);
        assert.match(echoed, / 1 received/);
      }
      run.program.signal('SIGINT');
      await run.report(10_000);
    }
  },
);

test('a flood of small packets is sent at its rate', options, async () => {
  const run = new LoadRun(lab, ['flood', '--packet-rate', '2000', '--seconds', '1']);
  const { flood } = await run.report<Report>(15_000);
  assert.ok(flood.sentPerSecond > 1000 && flood.sentPerSecond < 2500, `${flood.sentPerSecond}`);
});

test('a storm of logins leaves nothing behind', options, async () => {
  const run = new LoadRun(lab, ['storm', '--parallel', '4', '--seconds', '1']);
  const report = await run.report<Report>(15_000);
  assert.ok(report.logins.completed >= 4, `${report.logins.completed}`);
  assert.deepEqual(report.failures, {});
  assert.deepEqual(Object.keys(report.ends), ['logout']);
  await eventually('no session is left', 5000, async () => (await sessions()) === 0);
});
