// One session floods, another has its answers: small packets up as fast as the machine makes them,
// and many down, through one worker, against a hundred echo requests a second of somebody else.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LoadRun } from '../../bench/load/scene.ts';
import { ALICE } from './harness/accounts.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';

const BUILD = fileURLToPath(new URL('../../bench/build.mjs', import.meta.url));
const LOAD = fileURLToPath(new URL('../../bench/load.ts', import.meta.url));
const PORT = 5009;
const FLOOD_SECONDS = 4;
/** Up: beyond what a worker and this machine can do. */
const UP_RATE = '2000000';
/** Down: what overflows the TUN device's own queue is lost before anybody can be fair to it. */
const DOWN_RATE = '100000';
/** Three programs at full speed share the machine's cores with the server. */
const MOST_TYPICAL_MS = 100;

const { status, stderr } = spawnSync(process.execPath, [BUILD], { encoding: 'utf8' });
assert.equal(status, 0, stderr);

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, { workers: { count: 1 }, log: { level: 'info' } }, [ALICE]);
lab.server.nft(`table inet flood {
  chain sink {
    type filter hook prerouting priority raw
    udp dport ${PORT} counter drop
  }
}`);

interface Report {
  readonly probes: {
    readonly sent: number;
    readonly roundTripUs: { readonly count: number; readonly p50: number };
  };
  readonly flood: { readonly sentPerSecond: number; readonly receivedPerSecond: number };
}

for (const train of ['32', '1']) {
  const how = train === '1' ? 'single packets' : `trains of ${train}`;
  test(`a flood, downwards of ${how}, leaves another session its answers`, async () => {
    const seconds = `${FLOOD_SECONDS}`;
    const flood = new LoadRun(lab, [
      ...['flood', '--packet-rate', UP_RATE, '--burst', '64', '--port', `${PORT}`],
      ...['--target', server.inside4, '--seconds', `${FLOOD_SECONDS + 2}`, '--buffer', '4194304'],
    ]);
    const { addresses } = await flood.ready(20_000);
    const source = lab.server.spawn(process.execPath, [
      ...[LOAD, 'source', '--to', addresses.join(','), '--port', `${PORT}`, '--train', train],
      ...['--packet-rate', DOWN_RATE, '--seconds', `${FLOOD_SECONDS + 2}`],
    ]);
    const probe = new LoadRun(lab, [
      ...['hold', '--probe-rate', '100', '--target', server.inside4, '--seconds', seconds],
    ]);
    const { probes } = await probe.report<Report>(30_000);
    const { flood: flooded } = await flood.report<Report>(30_000);
    await source.waitForExit(30_000);
    const { count, p50 } = probes.roundTripUs;
    assert.ok(flooded.sentPerSecond > 100_000, `only ${flooded.sentPerSecond} packets a second`);
    assert.ok(flooded.receivedPerSecond > 10_000, `${flooded.receivedPerSecond} came down`);
    assert.ok(probes.sent > 50 * FLOOD_SECONDS, `${probes.sent} probes`);
    assert.ok(count > 0.6 * probes.sent, `${count} answers to ${probes.sent} probes`);
    assert.ok(p50 < MOST_TYPICAL_MS * 1000, `${p50} us`);
  });
}
