// The load client: many sessions in one process, against any server of the protocol. See USAGE in
// load/options.ts and the section "Load client" in README.md.
//
//   modes.ts ─ crowd.ts ─ login.ts, terms.ts      who logs in when, and what is said
//                  │
//              client.ts ─ native/                TLS, CSTP, DTLS, TUN: the engine's own classes
import { once } from 'node:events';
import process from 'node:process';
import { WolfguardError } from '../core/error.ts';
import { loadAddon, type ClientEvent } from './load/client.ts';
import { Crowd } from './load/crowd.ts';
import { hold, storm, type Run } from './load/modes.ts';
import { parseOptions, USAGE, type LoadOptions } from './load/options.ts';

const PROGRESS_MS = 1000;
/** Two sockets a session, and some more. */
const DESCRIPTORS_PER_SESSION = 2;
const OTHER_DESCRIPTORS = 256;

try {
  const options = parseOptions(process.argv.slice(2));
  await (options.mode === 'source' ? source(options) : run(options));
} catch (error) {
  if (!(error instanceof WolfguardError)) throw error;
  console.error(`load: ${error.message}${error.code === 'LOAD_USAGE' ? `\n\n${USAGE}` : ''}`);
  process.exitCode = 2;
}

async function run(options: LoadOptions): Promise<void> {
  const addon = loadAddon();
  const concurrent = options.mode === 'storm' ? options.parallel : options.sessions;
  const wanted = concurrent * DESCRIPTORS_PER_SESSION + OTHER_DESCRIPTORS;
  const allowed = addon.raiseDescriptors(wanted);
  if (allowed < wanted) console.error(`load: ${wanted} descriptors wanted, ${allowed} allowed`);

  const probes: ((samples: Float32Array) => void)[] = [];
  const onEvents = (events: readonly ClientEvent[]): void => {
    for (const event of events) {
      if (event.type === 'probes') probes.shift()?.(event.samples);
      else crowd.onEvent(event);
    }
  };
  const client = addon.createClient(
    {
      server: options.server.address,
      port: options.server.port,
      sources: options.sources,
      tun: options.tun,
      offload: options.offload,
      socketBufferBytes: options.bufferBytes,
      groups: options.groups,
      dtlsCiphers: options.dtlsCiphers,
    },
    onEvents,
  );
  const crowd = new Crowd(client, options);
  const aborter = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      crowd.stop();
      aborter.abort();
    });
  }
  const progress = setInterval(() => {
    const { sessions, dtls, dtlsLost } = client.totals();
    const failed = [...crowd.failures.values()].reduce((sum, count) => sum + count, 0);
    console.error(
      `load: ${sessions} up, ${dtls} by DTLS, ${crowd.underWay} under way, ${failed} failed, ${dtlsLost} DTLS lost`,
    );
  }, PROGRESS_MS);

  const cpuBefore = process.cpuUsage();
  const plan: Run = {
    client,
    crowd,
    options,
    signal: aborter.signal,
    tell,
    takeProbes: () =>
      new Promise((resolve) => {
        probes.push(resolve);
        client.takeProbes();
      }),
  };
  process.on('SIGUSR2', () => {
    void plan.takeProbes().then((samples) => {
      const roundTripsUs = Array.from(samples, Math.round);
      tell('state', { up: crowd.members.size, totals: client.totals(), roundTripsUs });
    });
  });
  const report = await (options.mode === 'storm' ? storm(plan) : hold(plan));
  const { user, system } = process.cpuUsage(cpuBefore);
  tell('report', {
    mode: options.mode,
    ...report,
    failures: Object.fromEntries(crowd.failures),
    totals: client.totals(),
    self: {
      rssKib: Math.round(process.memoryUsage.rss() / 1024),
      peakRssKib: process.resourceUsage().maxRSS,
      cpuSeconds: (user + system) / 1e6,
    },
  });
  clearInterval(progress);
  client.close();
}

/** The far end of a flood. */
async function source(options: LoadOptions): Promise<void> {
  if (options.to.length === 0) throw new WolfguardError('LOAD_USAGE', '--to is missing');
  const sent = loadAddon().runSource({
    targets: options.to,
    port: options.port,
    train: options.train,
    perSecond: options.packetRate,
    seconds: options.seconds,
  });
  tell('report', { mode: 'source', sent, perSecond: sent / options.seconds });
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
}

function tell(event: string, facts: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify({ event, ...facts })}\n`);
}
