import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WolfguardError } from '../../../core/error.ts';
import { openLog } from '../../../server/log.ts';
import type { Log } from '../../../server/log.ts';
import { renderPretty } from '../../../server/log_pretty.ts';

const LOG_MODULE = path.join(import.meta.dirname, '../../../server/log.ts');
const STUCK_READER = `
  import { openLog } from ${JSON.stringify(LOG_MODULE)};
  const log = openLog({ level: 'info', format: 'json', destination: 'stdout' });
  for (let session = 0; session < 1000; session += 1) {
    log.logger.info({ event: 'session.created', session, pad: 'x'.repeat(500) }, 'session created');
  }
  setTimeout(() => console.error('still here'), 50);
  setTimeout(() => log.close(), 1000);`;
const READY = { event: 'server.ready', pid: 1, workers: 1, sessions: 0 } as const;

test('a pretty line has level, message and fields, quoted where they hold blanks', () => {
  const line = JSON.stringify({
    level: 40,
    time: 0,
    pid: 3,
    msg: 'pool is full',
    user: 'a b',
    n: 7,
  });
  assert.match(
    renderPretty(line, false),
    /^\d\d:\d\d:00\.000 WARN {2}pool is full {2}user="a b" n=7$/,
  );
});

test('a pretty line shows the stack of an error', () => {
  const line = JSON.stringify({
    level: 50,
    time: 0,
    msg: 'oops',
    err: { stack: 'Error: x\n at y' },
  });
  assert.match(renderPretty(line, false), /oops\n {2}Error: x\n {3}at y$/);
});

test('what is not JSON passes a pretty log unchanged', () => {
  for (const line of ['', 'plain words', '{broken']) assert.equal(renderPretty(line, true), line);
});

test('a log file gets the primary’s lines and those of its children', async (t) => {
  const file = path.join(temporary(t), 'log');
  const log = openLog({ level: 'info', format: 'json', destination: file });
  log.logger.info({ event: 'session.created', session: 7 }, 'hello');
  log.logger.debug({}, 'too quiet to be written');
  await relayed(log, ['{"msg":"from ', 'a worker"}\n{"msg":"last"}']);
  log.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, 3);
  assert.equal((JSON.parse(lines[0] ?? '') as { session: number }).session, 7);
  assert.deepEqual(lines.slice(1), ['{"msg":"from a worker"}', '{"msg":"last"}']);
});

test('a line of a child that is no JSON becomes one, so that programs can read the whole log', async (t) => {
  const file = path.join(temporary(t), 'log');
  const log = openLog({ level: 'info', format: 'json', destination: file });
  await relayed(log, ['free(): invalid "pointer"\n']);
  log.close();
  const line = JSON.parse(readFileSync(file, 'utf8')) as { event: string; msg: string };
  assert.equal(line.event, 'process.printed');
  assert.equal(line.msg, 'free(): invalid "pointer"');
});

test('the lines of a turn are in the file when it is over, without waiting for a close', async (t) => {
  const file = path.join(temporary(t), 'log');
  const log = openLog({ level: 'info', format: 'json', destination: file });
  t.after(() => log.close());
  log.logger.info(READY, 'one');
  log.logger.info(READY, 'two');
  await new Promise(setImmediate);
  assert.match(readFileSync(file, 'utf8'), /^.*one.*\n.*two.*\n$/);
});

test('the last words before an exit are in the file', (t) => {
  const file = path.join(temporary(t), 'log');
  const program = `
    import { openLog } from ${JSON.stringify(LOG_MODULE)};
    openLog({ level: 'info', format: 'json', destination: ${JSON.stringify(file)} }).logger.fatal('last');
    process.exit(1);`;
  spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
  assert.match(readFileSync(file, 'utf8'), /"last"/);
});

test('a log file that was moved away is made anew by reopen', (t) => {
  const file = path.join(temporary(t), 'log');
  const log = openLog({ level: 'info', format: 'json', destination: file });
  log.logger.info(READY, 'one');
  renameSync(file, `${file}.1`);
  log.logger.info(READY, 'two');
  log.reopen();
  log.logger.info(READY, 'three');
  log.close();
  assert.match(readFileSync(`${file}.1`, 'utf8'), /one[^]*two/);
  assert.match(readFileSync(file, 'utf8'), /"three"/);
});

test('a log file that cannot be made anew goes on where it is', (t) => {
  const folder = path.join(temporary(t), 'folder');
  mkdirSync(folder);
  const log = openLog({ level: 'info', format: 'json', destination: path.join(folder, 'log') });
  renameSync(folder, `${folder}.moved`);
  log.reopen();
  log.logger.info(READY, 'still here');
  log.close();
  assert.match(readFileSync(path.join(`${folder}.moved`, 'log'), 'utf8'), /still here/);
});

test('a log file that was deleted is made anew by the next line', async (t) => {
  const file = path.join(temporary(t), 'log');
  const log = openLog({ level: 'info', format: 'json', destination: file });
  log.logger.info(READY, 'one');
  await new Promise(setImmediate);
  rmSync(file);
  log.logger.info(READY, 'two');
  log.close();
  assert.match(readFileSync(file, 'utf8'), /^.*"two".*\n$/);
});

test('lines for a folder that has vanished come when it is there again', async (t) => {
  const folder = path.join(temporary(t), 'folder');
  const file = path.join(folder, 'log');
  mkdirSync(folder);
  const log = openLog({ level: 'info', format: 'json', destination: file });
  rmSync(folder, { recursive: true });
  log.logger.info(READY, 'one');
  await new Promise(setImmediate);
  assert.ok(!existsSync(file));
  mkdirSync(folder);
  log.logger.info(READY, 'two');
  log.close();
  assert.match(readFileSync(file, 'utf8'), /"one"[^]*"two"/);
});

test('a reader of stdout that stands still stops nobody; its lines are whole when it reads again', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', STUCK_READER], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // It says this on stderr after a burst of more than a pipe holds, which nobody has read yet.
  await new Promise((resolve) => child.stderr.once('data', resolve));
  const lines = (await text(child.stdout)).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { session: number }).session),
    Array.from({ length: 1000 }, (_, n) => n),
  );
});

test('a log file that cannot be opened is an operator’s error', () => {
  assert.throws(
    () => openLog({ level: 'info', format: 'json', destination: '/nonexistent/log' }),
    (error) => error instanceof WolfguardError && error.code === 'LOG_FILE',
  );
});

test('a child that never ends its line cannot fill the memory', async (t) => {
  const file = path.join(temporary(t), 'log');
  const log = openLog({ level: 'info', format: 'json', destination: file });
  await relayed(log, Array<string>(20).fill('x'.repeat(10_000)));
  log.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  assert.ok(lines.length > 1);
});

async function relayed(log: Log, chunks: string[]): Promise<void> {
  const stream = new PassThrough();
  log.relay(stream);
  for (const chunk of chunks) stream.write(chunk);
  const ended = new Promise((resolve) => stream.once('close', resolve));
  stream.end();
  await ended;
}

function temporary(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}
