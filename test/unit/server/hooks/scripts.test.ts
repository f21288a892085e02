import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgramOptions, ProgramResult } from '../../../../server/hooks/program.ts';
import { Scripts } from '../../../../server/hooks/scripts.ts';
import type { ScriptSettings } from '../../../../server/hooks/scripts.ts';
import { INFO } from './fixture.ts';

const EXITED: ProgramResult = { kind: 'exited', code: 0, lastLine: '' };
const STATISTICS = { bytesIn: 1, bytesOut: 2, durationMs: 3000 };

test('exit code 0 lets a session in, and nothing else does', async () => {
  const ends: readonly [ProgramResult, string][] = [
    [EXITED, ''],
    [{ kind: 'exited', code: 1, lastLine: 'no guests' }, 'refused the connection'],
    [{ kind: 'timeout', lastLine: '' }, 'try again later'],
    [{ kind: 'killed', signal: 'SIGSEGV', lastLine: '' }, 'try again later'],
    [{ kind: 'not-started', reason: 'ENOENT' }, 'try again later'],
  ];
  for (const [end, words] of ends) {
    const bench = new Bench({ connect: '/hooks/connect' }, () => end);
    const result = await bench.scripts.connect(INFO);
    assert.equal(result.kind, words === '' ? 'passed' : 'refused');
    if (result.kind === 'refused') assert.match(result.reason, new RegExp(words));
    assert.equal(bench.ran[0]?.environment['REASON'], 'connect');
  }
});

test('what is wrong is logged with the code and the last line, and at its level', async () => {
  const logged = async (end: ProgramResult): Promise<unknown> => {
    const bench = new Bench({ connect: '/hooks/connect' }, () => end);
    await bench.scripts.connect(INFO);
    return bench.logged.at(-1);
  };
  assert.deepEqual(await logged({ kind: 'exited', code: 7, lastLine: 'no guests' }), [
    'info',
    { event: 'hook.failed', hook: 'connect', session: 7, code: 7, lastLine: 'no guests' },
    'a hook ended with an error',
  ]);
  assert.deepEqual(await logged({ kind: 'timeout', lastLine: 'waiting' }), [
    'warn',
    { event: 'hook.timeout', hook: 'connect', session: 7, lastLine: 'waiting' },
    'a hook took too long and was killed',
  ]);
  assert.deepEqual(await logged({ kind: 'not-started', reason: 'ENOENT' }), [
    'error',
    {
      event: 'hook.cannot_run',
      hook: 'connect',
      session: 7,
      path: '/hooks/connect',
      reason: 'ENOENT',
    },
    'a hook cannot be run',
  ]);
});

test('each occasion has its program, and one that has none is done', async () => {
  const bench = new Bench({ disconnect: '/hooks/bye', host_update: '/hooks/name' });
  assert.deepEqual(await bench.scripts.connect(INFO), { kind: 'passed' });
  assert.equal(await bench.scripts.tell(INFO, { reason: 'host-update' }), true);
  const over = { reason: 'disconnect', statistics: STATISTICS } as const;
  assert.equal(await bench.scripts.tell(INFO, over), true);
  assert.deepEqual(
    bench.ran.map(({ path, environment }) => [path, environment['REASON'], environment['ID']]),
    [
      ['/hooks/name', 'host-update', '7'],
      ['/hooks/bye', 'disconnect', '7'],
    ],
  );
  bench.settings = { ...bench.settings, disconnect: null };
  assert.equal(await bench.scripts.tell(INFO, over), true);
  assert.equal(bench.ran.length, 2);
});

test('a program that others may change is not run', async () => {
  const bench = new Bench({ connect: '/hooks/connect' });
  bench.trouble = 'anybody may write it';
  assert.equal((await bench.scripts.connect(INFO)).kind, 'refused');
  assert.equal(bench.ran.length, 0);
  assert.equal(bench.logged.at(-1)?.[0], 'error');
});

test('a stop kills connects at once, lets the others end, and runs nothing after it', async () => {
  const killed = (abort?: AbortSignal): Promise<ProgramResult> =>
    new Promise((resolve) => {
      const result: ProgramResult = { kind: 'killed', signal: 'SIGKILL', lastLine: '' };
      abort?.addEventListener('abort', () => resolve(result));
    });
  const bench = new Bench({ connect: '/hooks/connect', disconnect: '/hooks/bye' }, ({ abort }) =>
    killed(abort),
  );
  const over = { reason: 'disconnect', statistics: STATISTICS } as const;
  const connect = bench.scripts.connect(INFO);
  const bye = bench.scripts.tell(INFO, over);
  while (bench.ran.length < 2) await settle();
  bench.scripts.stopConnects();
  assert.equal((await connect).kind, 'refused');
  assert.equal(await Promise.race([bye, Promise.resolve('runs')]), 'runs');
  bench.scripts.stopAll();
  assert.equal(await bye, false);
  assert.equal(await bench.scripts.tell(INFO, over), false);
  assert.equal(bench.ran.length, 2);
});

test('a crowd of connects waits its turn, and a thousand disconnects do not stand in its way', async (t) => {
  const waiting: (() => void)[] = [];
  const bench = new Bench(
    { connect: '/hooks/connect', disconnect: '/hooks/bye' },
    () => new Promise((resolve) => waiting.push(() => resolve(EXITED))),
  );
  const over = { reason: 'disconnect', statistics: STATISTICS } as const;
  const byes = Array.from({ length: 1000 }, () => bench.scripts.tell(INFO, over));
  const connects = Array.from({ length: 1100 }, () => bench.scripts.connect(INFO));
  const turnedAway = (await Promise.all(connects.slice(1064))).map(({ kind }) => kind);
  assert.deepEqual(new Set(turnedAway), new Set(['refused']));
  for (let turn = 0, before = 0; turn < 200; turn++, before = bench.ran.length) {
    await settle();
    assert.ok(bench.ran.length - before <= 2, 'programs are not started all at once');
  }
  const running = bench.ran.filter(({ path }) => path === '/hooks/connect').length;
  assert.equal(running, 64);
  const ends = setInterval(() => waiting.splice(0).forEach((end) => end()), 1);
  t.after(() => clearInterval(ends));
  const others = await Promise.all(connects.slice(0, 1064));
  assert.deepEqual(new Set(others.map(({ kind }) => kind)), new Set(['passed']));
  assert.deepEqual(new Set(await Promise.all(byes)), new Set([true]));
});

class Bench {
  readonly scripts: Scripts;
  readonly ran: ProgramOptions[] = [];
  readonly logged: [string, object, string][] = [];
  settings: ScriptSettings;
  trouble: string | undefined;

  constructor(
    settings: Partial<ScriptSettings>,
    end: (options: ProgramOptions) => ProgramResult | Promise<ProgramResult> = () => EXITED,
  ) {
    this.settings = {
      connect: null,
      disconnect: null,
      host_update: null,
      timeout: 1000,
      ...settings,
    };
    const log = (level: string) => (fields: object, message: string) =>
      this.logged.push([level, fields, message]);
    this.scripts = new Scripts({
      settings: () => this.settings,
      run: (options) => {
        this.ran.push(options);
        return Promise.resolve(end(options));
      },
      trouble: () => this.trouble,
      log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    });
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
