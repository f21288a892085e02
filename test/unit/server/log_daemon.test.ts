import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WolfguardError } from '../../../core/error.ts';
import { DaemonOutlet } from '../../../server/log_daemon.ts';
import type { DaemonOptions } from '../../../server/log_daemon.ts';

const LINE = '{"level":30,"time":0,"process":"primary","event":"ban.lifted","msg":"ban lifted"}';

test('json is passed on as it is, pretty as words with fields; time and level are the daemon’s', async (t) => {
  const json = await outlet(t, { daemon: 'syslog', format: 'json' });
  json.outlet.write([LINE]);
  assert.match(json.sent[0] ?? '', /^<30>Jan .* wolfguard\[\d+\]: \{"level":30,.*\}$/);
  const pretty = await outlet(t, { daemon: 'syslog', format: 'pretty' });
  pretty.outlet.write([LINE]);
  const words = /wolfguard\[\d+\]: ban lifted {2}process=primary event=ban.lifted$/;
  assert.match(pretty.sent[0] ?? '', words);
  const journal = await outlet(t, { daemon: 'journal', format: 'pretty' });
  journal.outlet.write([LINE]);
  assert.match(journal.sent[0] ?? '', /^MESSAGE=ban lifted {2}process=primary event=ban.lifted\n/);
  assert.match(journal.sent[0] ?? '', /\nWOLFGUARD_EVENT=ban.lifted\n/);
});

test('a reader that is behind or gone makes lines wait from there on', async (t) => {
  const { outlet: made, answers } = await outlet(t, { daemon: 'journal', format: 'json' });
  answers.push('sent', 'full');
  const full = made.write([LINE, LINE, LINE]);
  assert.equal(full.done, 1);
  assert.match(full.trouble ?? '', /is behind/);
  answers.push('gone');
  assert.match(made.write([LINE]).trouble ?? '', /nobody reads .*socket/);
  assert.deepEqual(made.write([LINE]), { done: 1, lost: 0 });
});

test('an entry that is too long for this kernel is sent short, or is lost alone', async (t) => {
  const made = await outlet(t, { daemon: 'journal', format: 'json' });
  const long = JSON.stringify({ level: 30, msg: 'x'.repeat(20_000) });
  made.most = 4096;
  assert.deepEqual(made.outlet.write([long, LINE]), { done: 2, lost: 0 });
  assert.match(made.sent[0] ?? '', /\(cut, \d+ bytes\)/);
  made.most = 10;
  assert.deepEqual(made.outlet.write([long, LINE]), { done: 2, lost: 2 });
});

test('a start without a daemon is an operator’s error', () => {
  assert.throws(
    () =>
      new DaemonOutlet(
        { send: () => 'gone', now: () => 0 },
        { daemon: 'syslog', format: 'json', path: '/nonexistent/log' },
      ),
    (error) => error instanceof WolfguardError && error.code === 'LOG_SOCKET',
  );
});

async function outlet(t: TestContext, options: DaemonOptions) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  const socket = path.join(folder, 'socket');
  // The kind of socket does not matter: nothing is sent there.
  const listener = net.createServer().listen(socket);
  await new Promise((resolve) => listener.once('listening', resolve));
  t.after(() => {
    listener.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const made = {
    sent: [] as string[],
    answers: [] as ('sent' | 'full' | 'gone')[],
    most: Infinity,
    outlet: undefined as unknown as DaemonOutlet,
  };
  const send = (_path: string, data: Uint8Array): 'sent' | 'full' | 'gone' => {
    if (data.length > made.most) throw Object.assign(new Error('too long'), { code: 'EMSGSIZE' });
    made.sent.push(Buffer.from(data).toString());
    return made.answers.shift() ?? 'sent';
  };
  made.outlet = new DaemonOutlet({ send, now: () => 0 }, { ...options, path: socket });
  return made;
}
