import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { system } from '../../../../native/system.ts';
import { runProgram } from '../../../../server/hooks/program.ts';
import type { ProgramOptions, ProgramResult } from '../../../../server/hooks/program.ts';

test('the exit code and the last line of stderr are what a program says', async (t) => {
  const bench = new Bench(t);
  assert.deepEqual(await bench.run('echo one >&2; echo "  two\t" >&2; echo out; exit 3'), {
    kind: 'exited',
    code: 3,
    lastLine: 'two',
  });
  assert.deepEqual(bench.lines.toSorted(), ['one', 'out', 'two']);
});

test('a program sees its variables, a minimal PATH, no arguments and no input', async (t) => {
  const bench = new Bench(t);
  const environment = { USERNAME: 'a b\'"$(x)', EMPTY: '' };
  await bench.run('echo "$# $(pwd) [$(cat)]"; exec env', { environment });
  assert.equal(bench.lines[0], '0 / []');
  // The shell's own.
  const given = bench.lines.slice(1).filter((line) => !/^(OLDPWD|PWD|SHLVL|_)=/.test(line));
  assert.deepEqual(given.toSorted(), [
    'EMPTY=',
    'HOME=/root',
    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'USERNAME=a b\'"$(x)',
  ]);
});

test('a program gets no descriptors, neither ours nor those that we were started with', async (t) => {
  system().keepDescriptors();
  const bench = new Bench(t);
  const ours = openSync('/dev/null', 'r');
  t.after(() => closeSync(ours));
  await bench.run('exec ls -l /proc/self/fd');
  const links = bench.lines.flatMap((line) => /(\d+) -> (.*)$/.exec(line)?.slice(1) ?? []);
  // 3 is the folder that ls reads.
  assert.deepEqual(
    links.filter((_, i) => i % 2 === 0),
    ['0', '1', '2', '3'],
  );
  assert.equal(links[1], '/dev/null');
  assert.match(links[7] ?? '', /^\/proc\/\d+\/fd$/);
});

test('a program that takes too long is killed with all that it has started', async (t) => {
  const bench = new Bench(t);
  const pid = bench.file('pid');
  const began = performance.now();
  const result = await bench.run(`sleep 60 & echo $! >${pid}; echo waiting >&2; wait`, {
    timeoutMs: 300,
  });
  assert.deepEqual(result, { kind: 'timeout', lastLine: 'waiting' });
  assert.ok(performance.now() - began < 20_000);
  await gone(Number(readFileSync(pid, 'utf8')));
});

test('what a program leaves in the background is not waited for', async (t) => {
  const bench = new Bench(t);
  const pid = bench.file('pid');
  const began = performance.now();
  assert.equal((await bench.run(`sleep 60 & echo $! >${pid}`)).kind, 'exited');
  assert.ok(performance.now() - began < 20_000);
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
});

test('a program can be killed at any time, and never starts when it is too late', async (t) => {
  const bench = new Bench(t);
  const abort = new AbortController();
  const began = bench.file('began');
  const running = bench.run(`echo >${began}; sleep 60`, { abort: abort.signal });
  while (!existsSync(began)) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  assert.deepEqual(await running, { kind: 'killed', signal: 'SIGKILL', lastLine: '' });
  const late = await bench.run('sleep 60', { abort: abort.signal });
  assert.equal(late.kind, 'killed');
});

test('a program that cannot be started says why', async (t) => {
  const bench = new Bench(t);
  const missing = await bench.start(bench.file('missing'));
  assert.equal(missing.kind, 'not-started');
  assert.match(missing.reason, /ENOENT/);
  const text = bench.file('text');
  writeFileSync(text, 'no program', { mode: 0o644 });
  const forbidden = await bench.start(text);
  assert.equal(forbidden.kind, 'not-started');
  assert.match(forbidden.reason, /EACCES/);
  const long = await bench.start('/bin/true', { environment: { LONG: 'x'.repeat(200_000) } });
  assert.equal(long.kind, 'not-started');
  assert.match(long.reason, /E2BIG/);
});

test('a program that talks without end fills no log', async (t) => {
  const bench = new Bench(t);
  await bench.run(`i=0; while [ $i -lt 1000 ]; do echo "line $i"; i=$((i+1)); done
    head -c 5000 /dev/zero | tr '\\0' x >&2; printf '\\033[31mred' >&2`);
  assert.equal(bench.lines.length, 101);
  assert.equal(bench.lines.at(-1), '… and more');
  const long = await new Bench(t).run(`head -c 5000 /dev/zero | tr '\\0' x >&2`);
  assert.equal(long.kind === 'exited' && long.lastLine.length, 1000);
});

class Bench {
  readonly lines: string[] = [];
  readonly #directory: string;
  #scripts = 0;

  constructor(t: TestContext) {
    this.#directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-hook-'));
    t.after(() => rmSync(this.#directory, { recursive: true, force: true }));
  }

  file(name: string): string {
    return path.join(this.#directory, name);
  }

  /** Runs a shell script. */
  run(script: string, options: Partial<ProgramOptions> = {}): Promise<ProgramResult> {
    const file = this.file(`script${this.#scripts++}`);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
    return this.start(file, options);
  }

  start(file: string, options: Partial<ProgramOptions> = {}): Promise<ProgramResult> {
    return runProgram({
      path: file,
      environment: {},
      timeoutMs: 30_000,
      onLine: (line) => this.lines.push(line),
      ...options,
    });
  }
}

/** A zombie has ended, too: its new parent is in no hurry to reap it. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    const status = existsSync(`/proc/${pid}/status`)
      ? readFileSync(`/proc/${pid}/status`, 'utf8')
      : 'State:\tX';
    if (/^State:\t[XZ]/m.test(status)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
