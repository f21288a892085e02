// ocserv and wolfguard side by side: the same machine, the same stock client, the same traffic.
//
//   npm run bench                 five rounds of 8 s; about eight minutes
//   npm run bench -- --quick      three rounds of 3 s
//   npm run bench -- --only NAME  one server alone
//
// Rounds alternate which server goes first, so that a machine that warms up or is shared favours
// nobody. Wall-clock figures swing on a busy machine, CPU seconds per GB much less: they are what
// to compare. One GB is 1e9 bytes that iperf3 received; CPU is user and system time of all the
// server's processes, which includes the kernel's work in their context.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { readMachine } from './machine.ts';
import { measureRound, SERVERS, type Sample, type ServerName } from './round.ts';
import { renderTable, summarize } from './summary.ts';

const RESULTS = new URL('results.json', import.meta.url);

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const rounds = values.quick ? 3 : 5;
const seconds = values.quick ? 3 : 8;

if (process.getuid?.() !== 0) {
  console.error('bench: makes network namespaces: run it as root');
  process.exit(1);
}

const servers = chooseServers();
const samples: Sample[] = [];
for (let round = 0; round < rounds; round += 1) {
  for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
    console.log(`round ${round + 1} of ${rounds}: ${server}`);
    samples.push(...(await measureRound(server, round, seconds)));
  }
}
const summary = summarize(samples);
const machine = readMachine();
writeFileSync(
  RESULTS,
  `${JSON.stringify({ date: new Date().toISOString(), machine, rounds, seconds, summary, samples }, undefined, 2)}\n`,
);
console.log(`\n${renderTable(summary)}`);
console.log(
  Object.entries(machine)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n'),
);

function chooseServers(): readonly ServerName[] {
  if (values.only !== undefined) {
    const one = SERVERS.find((name) => name === values.only);
    if (one === undefined) {
      console.error(`bench: --only takes one of ${SERVERS.join(', ')}`);
      process.exit(1);
    }
    return [one];
  }
  if (spawnSync('ocserv', ['--version']).error === undefined) return SERVERS;
  console.log('bench: ocserv is not installed (apt-get install ocserv): wolfguard alone');
  return ['wolfguard'];
}
