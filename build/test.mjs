// `npm test`: every stage in order, each with its name and its time. A stage that fails does not
// keep the later ones from running, but the exit code is then 1. The last line is the sum:
//
//   N passed, N failed
//
// Types, lint and the generated files count as one test each. `npm test -- unit engine` runs the
// stages named and no others.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = path.join(root, 'node_modules/.bin');
const inCi = process.env.CI === 'true';
const isRoot = process.getuid() === 0;

/** A stage that hangs is killed after this time and has failed. */
const MINUTE_MS = 60_000;

const node = (...args) => [process.execPath, args];
const tests = (...args) =>
  node('--import', './test/seed.mjs', '--test', '--test-reporter=spec', ...args);

/** They load the machine, or measure what load does. */
const BUSY_SCENARIOS = [
  'brute_force',
  'crowd',
  'datagrams',
  'flood',
  'load_client',
  'priorities',
  'processes',
  'rate_limit',
  'traffic',
];

const STAGES = [
  {
    name: 'types',
    limitMs: 3 * MINUTE_MS,
    commands: [node(tool('typescript', 'tsc'), '--noEmit')],
  },
  {
    name: 'lint',
    limitMs: 8 * MINUTE_MS,
    // The scenarios that wait leave it as much of the machine as it takes.
    beside: 'scenario',
    commands: [
      node(tool('eslint', 'eslint'), '.', '--max-warnings', '0'),
      node(tool('prettier', 'prettier'), '--check', '.', '--log-level', 'warn'),
      node('build/format_native.mjs', '--check'),
    ],
  },
  {
    name: 'generated',
    limitMs: MINUTE_MS,
    commands: [node('config/generate.ts', '--check'), node('build/man.mjs', '--check')],
  },
  {
    name: 'unit',
    limitMs: 6 * MINUTE_MS,
    counted: true,
    commands: [tests('--test-timeout=60000', 'test/unit/**/*.test.ts', 'test/wire/**/*.test.ts')],
  },
  {
    name: 'engine',
    limitMs: 8 * MINUTE_MS,
    counted: true,
    commands: [node('build/test_engine.mjs')],
  },
  {
    name: 'scenario',
    limitMs: 9 * MINUTE_MS,
    counted: true,
    needsRoot: true,
    // Most wait for timers of the protocol: three at a time. What fills the machine goes alone.
    commands: [
      tests('--test-concurrency=3', ...scenarios((name) => !BUSY_SCENARIOS.includes(name))),
      tests('--test-concurrency=1', ...scenarios((name) => BUSY_SCENARIOS.includes(name))),
    ],
  },
  {
    name: 'mutation',
    limitMs: 4 * MINUTE_MS,
    counted: true,
    needsRoot: true,
    commands: [
      tests('--test-concurrency=1', 'test/fuzz/**/*.test.ts'),
      // Once more on the engine that the stage before has built with its sanitizers.
      [
        'env',
        [
          'SCENARIO_SANITIZED=1',
          process.execPath,
          '--test',
          '--test-reporter=spec',
          'test/fuzz/**/*.test.ts',
        ],
      ],
    ],
  },
];

checkNode();
const chosen = chooseStages(process.argv.slice(2));
const sum = { passed: 0, failed: 0 };
const early = startEarly(chosen);
const isBeside = (stage) => chosen.some(({ name }) => name === stage.beside);
for (const stage of chosen) {
  if (isBeside(stage)) continue;
  if (stage.name === 'engine') await early;
  const others = chosen.filter(({ beside }) => beside === stage.name).map(runBeside);
  const results = [await runStage(stage)];
  for (const other of others) results.push((await other)());
  for (const { passed, failed } of results) {
    sum.passed += passed;
    sum.failed += failed;
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = sum.failed === 0 ? 0 : 1;

/**
 * The sanitized build takes minutes of both cores, and the stages before it leave much of them: it
 * begins with the first, behind everything else. What it has to say it says again in its own stage.
 */
function startEarly(stages) {
  const [first] = stages;
  if (first?.name === 'engine' || !stages.some(({ name }) => name === 'engine')) return undefined;
  const [program, args] = node('build/native.mjs', '--sanitize');
  const child = spawn('nice', ['-n', '10', program, ...args], {
    cwd: root,
    stdio: 'ignore',
    detached: true,
  });
  const end = () => signalGroup(child.pid, 'SIGTERM');
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  return new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
}

/** Behind another stage; what it has said is printed by the function that comes back, with its result. */
async function runBeside(stage) {
  const lines = [];
  const result = await runStage(stage, {
    say: (text) => lines.push(text),
    before: ['nice', '-n', '10'],
  });
  return () => {
    process.stdout.write(lines.join(''));
    return result;
  };
}

/** `say` gets all that there is to read; `before` is put in front of each command. */
async function runStage(stage, { say, before } = { say: undefined, before: [] }) {
  const print = (line) => (say === undefined ? console.log(line) : say(`${line}\n`));
  print(`\n── ${stage.name} ──`);
  if (stage.needsRoot && !isRoot) {
    print(`${stage.name}: NOT RUN: it makes network namespaces and needs root (sudo npm test)`);
    return { passed: 0, failed: inCi ? 1 : 0 };
  }
  const started = performance.now();
  let ok = true;
  let output = '';
  for (const [command, args] of stage.commands) {
    const [program, ...rest] = [...before, command, ...args];
    const result = await run(program, rest, stage.limitMs, say);
    ok &&= result.ok;
    output += result.output;
  }
  const result = stage.counted ? count(output, ok) : { passed: Number(ok), failed: Number(!ok) };
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const verdict = result.failed === 0 ? 'passed' : 'FAILED';
  print(`── ${stage.name}: ${verdict} in ${seconds} s ──`);
  return result;
}

/** The totals of node's test reporter; a run that failed without a failed test counts as one. */
function count(output, ok) {
  const total = (name) =>
    [...output.matchAll(new RegExp(`^ℹ ${name} (\\d+)$`, 'gm'))].reduce(
      (n, match) => n + Number(match[1]),
      0,
    );
  const passed = total('pass');
  const failed = total('fail') + total('cancelled');
  if (passed + failed === 0) console.log('no test has run');
  const silentFailure = failed === 0 && (!ok || passed === 0);
  return { passed, failed: silentFailure ? 1 : failed };
}

/** Runs a command in a group of its own, shows and keeps its output, kills it at its limit. */
function run(command, args, limitMs, say) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    // SIGTERM first: the scenarios take their namespaces away when they hear it.
    const end = () => {
      signalGroup(child.pid, 'SIGTERM');
      setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 10_000).unref();
    };
    const timer = setTimeout(() => {
      console.log(`killed: not done within ${limitMs / MINUTE_MS} minutes`);
      end();
    }, limitMs);
    const interrupt = () => {
      end();
      process.exitCode = 1;
    };
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    for (const [stream, out] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        if (say === undefined) out.write(text);
        else say(text);
      });
    }
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', interrupt);
      if (signal !== null) console.log(`ended by ${signal}`);
      resolve({ ok: code === 0, output });
    });
  });
}

/** The files of test/scenario whose names, without their ending, are wanted. */
function scenarios(wanted) {
  const ending = '.test.ts';
  return readdirSync(path.join(root, 'test/scenario'))
    .filter((file) => file.endsWith(ending) && wanted(file.slice(0, -ending.length)))
    .map((file) => `test/scenario/${file}`);
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}

/** The JavaScript file behind a package's command: no shell, and our own Node. */
function tool(packageName, command) {
  const folder = path.join(root, 'node_modules', packageName);
  const { bin: commands } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof commands === 'string' ? commands : commands[command]);
}

function chooseStages(names) {
  const unknown = names.filter((name) => !STAGES.some((stage) => stage.name === name));
  if (unknown.length > 0) {
    console.error(
      `no such stage: ${unknown.join(', ')} (${STAGES.map(({ name }) => name).join(', ')})`,
    );
    process.exit(2);
  }
  return STAGES.filter(({ name }) => names.length === 0 || names.includes(name));
}

function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= 26) return;
  console.error(`wolfguard: needs Node 26 (run it as "npm test"), this is ${process.version}`);
  process.exit(2);
}
