// One flow below a limit, by the server's own counters, through the load client, which goes as fast
// as a gigabit and more.
import { setTimeout as sleep } from 'node:timers/promises';
import { ALICE } from '../../test/scenario/harness/accounts.ts';
import { Lab } from '../../test/scenario/harness/lab.ts';
import { Server } from '../../test/scenario/harness/server.ts';
import { LoadRun } from '../load/scene.ts';

const LEAD_MS = 2000;
/** A bucket that was full at its beginning (250 ms) is 2 % of it. */
const MEASURED_MS = 12_000;
/** UDP is offered that much more than the limit. */
const OFFERED = 1.5;

export async function exact(args: readonly string[]): Promise<void> {
  const [limit = '1Gbit', channel = 'dtls', direction = 'down', protocol = 'tcp'] = args;
  const lab = new Lab();
  try {
    const server = await Server.start(lab, {
      policy: { rx_limit: limit, tx_limit: limit },
      log: { level: 'info' },
    });
    const run = new LoadRun(lab, [
      ...['bulk', `--${channel}`, '--sessions', '1', '--seconds', '120'],
      ...['--buffer', `${4 << 20}`, '--target', server.inside4],
    ]);
    const { addresses } = await run.ready(20_000);
    const iperf = lab.server.spawn('iperf3', ['-s', '--forceflush']);
    lab.onClose(() => iperf.stop());
    await iperf.waitFor(/Server listening/, 5000);
    const client = lab.client.spawn('iperf3', [
      ...['-c', server.inside4, '-B', addresses[0] ?? '', ...(direction === 'down' ? ['-R'] : [])],
      ...['-t', `${(LEAD_MS + MEASURED_MS) / 1000 + 2}`],
      ...(protocol === 'udp' ? ['-u', '-l', '1200', '-b', `${bitsOf(limit) * OFFERED}`] : []),
    ]);
    await sleep(LEAD_MS);
    const from = await look(server);
    await sleep(MEASURED_MS);
    const to = await look(server);
    await client.stop();
    const bytes = direction === 'up' ? to.rxBytes - from.rxBytes : to.txBytes - from.txBytes;
    const rate = (bytes * 8) / ((to.atMs - from.atMs) * 1000);
    const off = ((rate * 1e6) / bitsOf(limit) - 1) * 100;
    console.log(
      `${limit} ${channel} ${direction} ${protocol}: ${rate.toFixed(2)} Mbit/s, ${off.toFixed(1)} %`,
    );
  } finally {
    await lab.close();
  }
}

async function look(server: Server) {
  const { counters } = await server.sessionOf(ALICE.user);
  return { ...counters, atMs: performance.now() };
}

const bitsOf = (limit: string): number =>
  Number.parseInt(limit, 10) * (limit.endsWith('Gbit') ? 1e9 : limit.endsWith('Mbit') ? 1e6 : 1e3);
