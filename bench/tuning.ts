// What each thing that can be tuned costs or saves: one session of the load client, a TCP stream
// down and then up, each variant once a round, and compared with what it is a variant of in the
// same round. Prints a table; --write puts it into docs/tuning.md.
//
//   node bench/tuning.ts [--rounds N] [--seconds N] [--only NAME,…] [--write]      as root
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { checkSessions, checkWarnings } from './checks.ts';
import { readCommit, readMachine } from './machine.ts';
import { connect } from './measure/bulk.ts';
import { Iperf } from './measure/iperf.ts';
import { Scene } from './scene.ts';
import { renderTuning, replaceTable, type TuningSample } from './tuning/report.ts';
import { VARIANTS, type Variant } from './tuning/variants.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const names = new Set(values.only?.split(',') ?? VARIANTS.map(({ name }) => name));
const chosen = VARIANTS.filter(
  ({ name }) =>
    names.has(name) || VARIANTS.some((other) => names.has(other.name) && other.against === name),
);

const samples: TuningSample[] = [];
for (let round = 0; round < rounds; round += 1) {
  // The other way round each time: a machine that warms up favours nobody.
  for (const variant of round % 2 === 0 ? chosen : chosen.toReversed()) {
    console.error(`tuning: round ${round + 1} of ${rounds}: ${variant.name}`);
    samples.push({ variant: variant.name, round, figures: await measure(variant) });
  }
}
const facts = Object.entries(readMachine()).map(([name, value]) => `${name} ${value}`);
const table = renderTuning(chosen, samples);
const text = `${new Date().toISOString().slice(0, 10)}, commit ${readCommit()}, ${rounds} rounds of ${seconds} s; ${facts.join('; ')}.\n\n${table}`;
process.stdout.write(text);
if (values.write) {
  const page = fileURLToPath(new URL('../docs/tuning.md', import.meta.url));
  writeFileSync(page, replaceTable(readFileSync(page, 'utf8'), text));
}
process.exit(0);

async function measure({
  channel,
  scene: options,
  warns,
}: Variant): Promise<TuningSample['figures']> {
  const scene = await Scene.open('wolfguard', options);
  try {
    const { run, addresses } = await connect(scene, channel, 1);
    const iperf = await Iperf.start(scene, addresses);
    const figures = await iperf.bothWays(seconds, run.program);
    checkSessions(await scene.sessions(), 1, channel);
    if (warns !== true) checkWarnings(scene.warnings());
    return figures;
  } finally {
    await scene.close();
  }
}
