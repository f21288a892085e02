import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { forkProgram } from '../../../../server/fork.ts';
import type { PluginSettings } from '../../../../server/hooks/plugins.ts';
import { Plugins } from '../../../../server/hooks/plugins.ts';
import { INFO } from './fixture.ts';

const options = { timeout: 60_000 };

test(
  'plugins run in a process of their own, without root, and their answers count',
  options,
  async (t) => {
    const bench = new Bench(t);
    bench.write(`export default {
    connect({ session }, { log }) {
      log.info('ids', { uid: process.getuid(), gid: process.getgid(), groups: process.getgroups() });
      console.log('printed', 1);
      const reason = 'no\\r\\nX-Evil: 1' + '.'.repeat(500);
      return session.user === 'bob' ? { allow: false, reason } : { allow: true };
    },
  };`);
    await bench.plugins.start();
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'passed' });
    const refused = await bench.plugins.connect({ ...INFO, user: 'bob' });
    const reason = `no X-Evil: 1${'.'.repeat(500)}`.slice(0, 200);
    assert.deepEqual(refused, { kind: 'refused', reason });
    assert.notEqual(bench.plugins.pid, process.pid);
    const ids = await bench.line('ids');
    if (process.getuid?.() === 0) {
      assert.deepEqual([ids['uid'], ids['gid'], ids['groups']], [NOBODY, NOBODY, [NOBODY]]);
    }
    assert.equal(ids['process'], 'plugins');
    assert.equal((await bench.line('printed 1'))['level'], 30);
  },
);

test(
  'a plugin that kills its process refuses that session, and its successor goes on',
  options,
  async (t) => {
    const bench = new Bench(t);
    bench.write(`export default {
    connect: ({ session }) => session.user === 'bob' ? process.exit(1) : { allow: true },
  };`);
    await bench.plugins.start();
    const first = bench.plugins.pid;
    assert.equal((await bench.plugins.connect({ ...INFO, user: 'bob' })).kind, 'refused');
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'passed' });
    assert.notEqual(bench.plugins.pid, first);
  },
);

test(
  'a plugin that does not answer is not waited for, and holds up nobody else',
  options,
  async (t) => {
    const bench = new Bench(t);
    bench.write(`export default {
    connect: ({ session }) => session.user === 'bob' ? new Promise(() => {}) : { allow: true },
  };`);
    await bench.plugins.start();
    bench.settings = { ...bench.settings, timeout: 100 };
    const slow = bench.plugins.connect({ ...INFO, user: 'bob' });
    bench.settings = { ...bench.settings, timeout: 20_000 };
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'passed' });
    const answer = await slow;
    assert.equal(answer.kind, 'refused');
  },
);

test(
  'a reload loads the files anew; one that cannot be loaded leaves all as it was',
  options,
  async (t) => {
    const bench = new Bench(t);
    const saying = (reason: string): string =>
      `export default { connect: () => ({ allow: false, reason: '${reason}' }) };`;
    bench.write(saying('one'));
    await bench.plugins.start();
    bench.write(saying('two'));
    const two = await bench.plugins.prepare(bench.settings.plugins);
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'refused', reason: 'one' });
    two.commit();
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'refused', reason: 'two' });
    bench.write('export default {');
    await assert.rejects(
      bench.plugins.prepare(bench.settings.plugins),
      /plugin.ts cannot be loaded/,
    );
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'refused', reason: 'two' });
    bench.write(saying('three'));
    (await bench.plugins.prepare(bench.settings.plugins)).abandon();
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'refused', reason: 'two' });
    bench.settings = { ...bench.settings, plugins: [] };
    (await bench.plugins.prepare([])).commit();
    assert.deepEqual(await bench.plugins.connect(INFO), { kind: 'passed' });
  },
);

test(
  'a server does not start with a plugin that cannot be loaded, or that others may change',
  options,
  async (t) => {
    const bench = new Bench(t);
    bench.write('throw new Error("not here");');
    await assert.rejects(
      bench.plugins.start(),
      /plugin process cannot start: .*plugin.ts cannot be loaded: not here/,
    );
    bench.trouble = '"plugin.ts" may be changed by others';
    await assert.rejects(bench.plugins.start(), /hooks.plugins: "plugin.ts" may be changed/);
  },
);

const NOBODY = 65534;

class Bench {
  readonly plugins: Plugins;
  settings: PluginSettings;
  trouble: string | undefined;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #file: string;

  constructor(t: TestContext) {
    const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-plugins-'));
    chmodSync(directory, 0o755);
    this.#file = path.join(directory, 'plugin.ts');
    this.settings = { plugins: [this.#file], timeout: 20_000 };
    const stream = new PassThrough();
    const note = (chunk: Buffer): void => {
      for (const line of String(chunk).split('\n').filter(Boolean)) {
        this.#lines.push(JSON.parse(line) as Record<string, unknown>);
      }
    };
    stream.on('data', note);
    const isRoot = process.getuid?.() === 0;
    this.plugins = new Plugins({
      settings: () => this.settings,
      fork: () =>
        forkProgram(
          'server/hooks/plugin_app',
          { title: 'wolfguard: plugins', fds: [] },
          { relay: (lines) => lines.on('data', note) },
        ),
      start: () => ({
        user: isRoot ? { uid: NOBODY, gid: NOBODY } : null,
        logLevel: 'info',
        primaryPid: process.pid,
      }),
      trouble: () => this.trouble,
      logger: pino(stream),
      now: Date.now,
    });
    t.after(async () => {
      await this.plugins.stop();
      rmSync(directory, { recursive: true, force: true });
    });
  }

  write(text: string): void {
    writeFileSync(this.#file, text);
  }

  /** The first line of the log with this message, once it is there. */
  async line(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.#lines.find(({ msg }) => msg === message);
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
