import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { PluginEvent } from '../../../../core/ipc/plugins.ts';
import type { SessionInfo } from '../../../../core/plugin/plugin.ts';
import { PluginHost } from '../../../../server/hooks/plugin_host.ts';
import { INFO } from './fixture.ts';

const CONNECT: PluginEvent = { kind: 'connect', session: INFO };
const NOTHING = { bytesIn: 0, bytesOut: 0, durationMs: 0 };

test('all plugins must allow; who was asked before a refusal hears that it is over', async (t) => {
  const bench = new Bench(t);
  const noting = (name: string, answer: string): string => `export default {
    connect: (event, { log }) => { log.info('${name} connect'); return ${answer}; },
    disconnect: (event, { log }) => log.info('${name} ' + event.end),
  };`;
  const host = await bench.load(
    noting('first', '{ allow: true }'),
    'export default { hostUpdate() {} };',
    noting('second', 'Promise.resolve({ allow: false, reason: "not today" })'),
    noting('third', '{ allow: true }'),
  );
  assert.deepEqual(await host.handle(CONNECT), {
    kind: 'answer',
    answer: { allow: false, reason: 'not today' },
  });
  assert.deepEqual(bench.logged, ['first connect', 'second connect', 'first refused']);
});

test('what throws, or answers nonsense, has failed', async (t) => {
  for (const body of [
    'throw new Error("no")',
    'return undefined',
    'return true',
    'return { allow: "yes" }',
    'return { allow: false }',
    'return Promise.reject(new Error("no"))',
  ]) {
    const bench = new Bench(t);
    const host = await bench.load(`export default { connect() { ${body}; } };`);
    assert.deepEqual(await host.handle(CONNECT), { kind: 'failed' }, body);
    assert.match(bench.logged.join(), /connect (failed|gave no answer)/);
  }
});

test('one plugin that fails at an end does not keep it from the others', async (t) => {
  const bench = new Bench(t);
  const host = await bench.load(
    'export default { disconnect() { throw new Error("no"); } };',
    'export default { disconnect(event, { log }) { log.info("heard"); } };',
  );
  const over: PluginEvent = { kind: 'disconnect', session: INFO, statistics: NOTHING, end: 'lost' };
  assert.deepEqual(await host.handle(over), { kind: 'failed' });
  assert.deepEqual(bench.logged.toSorted(), ['disconnect failed', 'heard']);
  assert.deepEqual(await host.handle({ kind: 'host-update', session: INFO }), { kind: 'done' });
});

test('a file that is no plugin is named', async (t) => {
  const bench = new Bench(t);
  for (const [text, words] of [
    ['export const connect = 1;', /no default export/],
    ['export default 7;', /no default export/],
    ['export default {};', /none of connect, disconnect, hostUpdate/],
    ['export default { connect: 1 };', /connect is not a function/],
    ['export default {', /cannot be loaded: /],
    ['throw new Error("not here");', /cannot be loaded: not here/],
  ] as const) {
    await assert.rejects(bench.load(text), (error: Error) => {
      assert.match(error.message, words);
      assert.ok(error.message.includes(bench.last), error.message);
      return true;
    });
  }
});

test('the example of the manual does what it says, and stands there word for word', async (t) => {
  const example = path.join(import.meta.dirname, '../../../scenario/harness/hooks/guests.ts');
  const manual = readFileSync(path.join(import.meta.dirname, '../../../../docs/hooks.md'), 'utf8');
  assert.ok(manual.includes(readFileSync(example, 'utf8')));
  const script = path.join(import.meta.dirname, '../../../scenario/harness/hooks/record.sh');
  assert.ok(manual.includes(readFileSync(script, 'utf8')));

  const bench = new Bench(t);
  const host = await PluginHost.load([example], () => bench.log);
  t.mock.timers.enable({ apis: ['Date'], now: new Date(2026, 0, 5, 12).getTime() });
  const refusal = async (session: SessionInfo): Promise<string> => {
    const reply = await host.handle({ kind: 'connect', session });
    return reply.kind === 'answer' && !reply.answer.allow ? reply.answer.reason : '';
  };
  const guest = { ...INFO, group: 'guests', user: 'bob' };
  assert.equal(await refusal(INFO), '');
  assert.equal(await refusal(guest), '');
  assert.match(await refusal({ ...guest, id: 8 }), /connected already/);
  const over = { kind: 'disconnect', session: guest, statistics: NOTHING, end: 'logout' } as const;
  await host.handle(over);
  assert.deepEqual(bench.logged, ['a session is over']);
  assert.equal(await refusal({ ...guest, id: 9 }), '');
  t.mock.timers.setTime(new Date(2026, 0, 5, 22).getTime());
  assert.match(await refusal({ ...guest, user: 'carol' }), /from 8 to 20/);
});

class Bench {
  readonly logged: string[] = [];
  readonly log = {
    debug: (message: string) => void this.logged.push(message),
    info: (message: string) => void this.logged.push(message),
    warn: (message: string) => void this.logged.push(message),
    error: (message: string) => void this.logged.push(message),
  };
  last = '';
  readonly #directory: string;
  #files = 0;

  constructor(t: TestContext) {
    this.#directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-plugin-'));
    t.after(() => rmSync(this.#directory, { recursive: true, force: true }));
  }

  load(...texts: string[]): Promise<PluginHost> {
    const files = texts.map((text) => {
      this.last = path.join(this.#directory, `plugin${this.#files++}.ts`);
      writeFileSync(this.last, text);
      return this.last;
    });
    return PluginHost.load(files, () => this.log);
  }
}
