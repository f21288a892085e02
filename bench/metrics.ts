// What [metrics] costs: docs/metrics.md has the figures.
//
//   node bench/metrics.ts scrape [SESSIONS]     how long a scrape takes beside so many sessions (10000)
//   node bench/metrics.ts idle SECONDS on|off   CPU of a server with nobody in it, asked every 15 s
import assert from 'node:assert/strict';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ALICE } from '../test/scenario/harness/accounts.ts';
import { Lab } from '../test/scenario/harness/lab.ts';
import { cpuSecondsOf } from '../test/scenario/harness/proc.ts';
import { Server } from '../test/scenario/harness/server.ts';
import { addSources, LoadRun } from './load/scene.ts';

const CHEAP_HASH = fileURLToPath(new URL('load/cheap_hash.mjs', import.meta.url));
const PAGE = 'http://127.0.0.1:9100/metrics';
/** Two descriptors a session, and where the hard limit is 20,000 a process holds 9,900. */
const SESSIONS_PER_CLIENT = 5000;
const SOURCES = 16;
const CONNECT_TIMEOUT_MS = 600_000;
const SCRAPES = 12;
/** A page is made once a second at the most. */
const BETWEEN_MS = 1_100;
const SCRAPE_INTERVAL_MS = 15_000;
/** What a start leaves behind is done by then. */
const SETTLE_MS = 5_000;

const [what = '', ...rest] = process.argv.slice(2);
const lab = new Lab();
try {
  if (what === 'scrape') await scrape(Number(rest[0] ?? 10_000));
  else if (what === 'idle') await idle(Number(rest[0] ?? 45), rest[1] !== 'off');
  else {
    console.error('see the first lines of bench/metrics.ts');
    process.exitCode = 2;
  }
} finally {
  await lab.close();
}

async function scrape(sessions: number): Promise<void> {
  await start(true);
  const empty = await times();
  const sources = addSources(lab, SOURCES).join(',');
  const runs: LoadRun[] = [];
  for (let left = sessions; left > 0; left -= SESSIONS_PER_CLIENT) {
    const count = Math.min(left, SESSIONS_PER_CLIENT);
    const run = new LoadRun(lab, [
      ...['hold', '--dtls', '--sessions', `${count}`, '--parallel', '32'],
      ...['--sources', sources, '--seconds', '3600', '--target', '10.77.0.1'],
    ]);
    runs.push(run);
    assert.equal((await run.ready(CONNECT_TIMEOUT_MS)).connected, count);
  }
  await sleep(SETTLE_MS);
  const full = await times();
  const held = /^wolfguard_tunnels\{channel="dtls"\} (\d+)$/m.exec(page())?.[1];
  assert.equal(Number(held), sessions);
  console.log(JSON.stringify({ sessions, bytes: page().length, empty, full }));
  for (const run of runs) run.program.signal('SIGINT');
}

async function idle(seconds: number, on: boolean): Promise<void> {
  const server = await start(on);
  // The first page compiles what makes it.
  if (on) page();
  await sleep(SETTLE_MS);
  const before = cpuSecondsOf(server.program.pid);
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    if (on) page();
    const left = seconds * 1000 - (performance.now() - began);
    await sleep(Math.max(0, Math.min(SCRAPE_INTERVAL_MS, left)));
  }
  const took = (performance.now() - began) / 1000;
  const cpuPercent = ((cpuSecondsOf(server.program.pid) - before) / took) * 100;
  console.log(JSON.stringify({ metrics: on, seconds: took, cpuPercent }));
}

async function start(on: boolean): Promise<Server> {
  const nodeOptions = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = `${nodeOptions ?? ''} --import ${CHEAP_HASH}`;
  const settings = {
    ...(on && { metrics: { listen: '127.0.0.1:9100' } }),
    ban: { max_score: 0 },
    log: { level: 'warn' },
  };
  return Server.start(lab, settings, [ALICE]).finally(() => {
    if (nodeOptions === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = nodeOptions;
  });
}

function page(): string {
  return lab.server.run('curl', ['-sS', PAGE]);
}

/** Milliseconds from the connect to the last byte. */
async function times(): Promise<{ readonly medianMs: number; readonly longestMs: number }> {
  const taken: number[] = [];
  for (let i = 0; i < SCRAPES; i++) {
    const seconds = lab.server.run('curl', ['-sS', '-o', '/dev/null', '-w', '%{time_total}', PAGE]);
    taken.push(Number(seconds) * 1000);
    await sleep(BETWEEN_MS);
  }
  taken.sort((a, b) => a - b);
  return { medianMs: taken[SCRAPES / 2] ?? NaN, longestMs: taken.at(-1) ?? NaN };
}
