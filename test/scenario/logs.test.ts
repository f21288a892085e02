// The log where other programs read it: systemd's journald, its socket for syslog, a disk that
// fills up. journald is Debian's, in an instance of its own, and journalctl reads it back.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { system } from '../../native/system.ts';
import { DaemonOutlet } from '../../server/log_daemon.ts';
import { ALICE } from './harness/accounts.ts';
import { Client, fetchCookie } from './harness/client.ts';
import { Journald } from './harness/journald.ts';
import { CLIENT_IPV4, Lab } from './harness/lab.ts';
import { Program } from './harness/program.ts';
import { assertNotWritten } from './harness/secrets.ts';
import { Server } from './harness/server.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const LOG_MODULE = fileURLToPath(new URL('../../server/log.ts', import.meta.url));

const lab = new Lab();
after(() => lab.close());
const journald = await Journald.start(lab.file('journald'));
lab.onClose(() => journald.stop());

test(
  'the journal has each line with its event and fields, also those of its own restart',
  options,
  async () => {
    const settings = { log: { destination: 'journal', level: 'debug' } };
    const server = await Server.start(lab, settings, [ALICE], journald.wrapper);
    const cookie = await fetchCookie(lab, { account: ALICE });
    await journald.restart(async () => {
      const client = await Client.connect(lab, { cookie });
      await client.logOut();
    });
    await server.stop();
    assert.doesNotMatch(server.program.output, /"event"|being lost|could not be written/);

    const entries = await eventually('the last line is in the journal', 10_000, () => {
      const read = journald.entries();
      return read.at(-1)?.['WOLFGUARD_EVENT'] === 'server.stopped' && read;
    });
    const events = entries.flatMap(({ WOLFGUARD_EVENT }) => WOLFGUARD_EVENT ?? []);
    const story = ['server.ready', 'session.created', 'tunnel.granted', 'tunnel.closed'];
    story.push('session.ended', 'server.stopping', 'server.stopped');
    assert.deepEqual(
      events.filter((event) => story.includes(event)),
      story,
    );
    const ended = entries.find(({ WOLFGUARD_EVENT }) => WOLFGUARD_EVENT === 'session.ended');
    assert.equal(ended?.['PRIORITY'], '6');
    assert.match(ended['WOLFGUARD_SESSION'] ?? '', /^\d+$/);
    assert.equal(ended['WOLFGUARD_PROCESS'], 'primary');
    assert.match(ended['MESSAGE'] ?? '', /^\{"level":30,.*"msg":"session ended"\}$/);

    const secrets = new Map([
      ['password', ALICE.password],
      ['cookie', /webvpn=([^;']+)/.exec(cookie)?.[1] ?? cookie],
    ]);
    assertNotWritten(JSON.stringify(entries).replaceAll('\\"', '"'), secrets);
  },
);

test('people’s names and addresses stand on lines of debug only', options, () => {
  const loud = journald.entries().filter(({ PRIORITY }) => Number(PRIORITY) < 7);
  assert.ok(loud.length > 5);
  const written = JSON.stringify(loud);
  for (const personal of [ALICE.user, CLIENT_IPV4]) {
    assert.ok(!written.includes(personal), `${personal} stands in ${written}`);
  }
});

test('a line for syslog arrives with its level, name and pid', options, async () => {
  const native = system();
  const outlet = new DaemonOutlet(
    { send: (path, data) => native.sendUnixDatagram(path, data), now: Date.now },
    { daemon: 'syslog', format: 'pretty', path: journald.syslogSocket },
  );
  const line = {
    level: 40,
    time: Date.now(),
    event: 'process.died',
    msg: 'for syslog',
    child: 'x',
  };
  assert.deepEqual(outlet.write([JSON.stringify(line)]), { done: 1, lost: 0 });
  const entry = await eventually('the line is in the journal', 10_000, () =>
    Promise.resolve(journald.entries().find(({ MESSAGE }) => MESSAGE?.startsWith('for syslog'))),
  );
  assert.equal(entry['MESSAGE'], 'for syslog  event=process.died child=x');
  assert.equal(entry['PRIORITY'], '4');
  assert.equal(entry['SYSLOG_FACILITY'], '3');
  assert.equal(entry['SYSLOG_PID'], String(process.pid));
});

test(
  'a disk that was full has whole lines again when there is room, and the log says how many are missing',
  options,
  async () => {
    const folder = lab.file('small');
    mkdirSync(folder);
    const program = new Program('unshare', ['--mount', 'sh', '-c', ON_A_SMALL_DISK, folder]);
    const { code } = await program.exited;
    assert.equal(code, 0, program.output);
    assert.match(program.output, /lines of the log are being lost: ENOSPC/);
    const lines = readFileSync(lab.file('small.kept'), 'utf8').trimEnd().split('\n');
    const parsed = lines.map((line) => JSON.parse(line) as { event: string; lines?: number });
    const told = parsed.at(-1);
    assert.equal(told?.event, 'log.lines_lost');
    assert.equal(parsed.length - 1 + (told.lines ?? 0), 4000);
  },
);

/** Room for 256 KiB, and 4000 lines of half a KiB; then what stood in the way is removed. */
const ON_A_SMALL_DISK = `
  mount -t tmpfs -o size=4m tmpfs "$0" && head -c 3932160 /dev/zero > "$0/other" &&
  LOG="$0/log" ${process.execPath} --input-type=module --eval '
    import { rmSync } from "node:fs";
    import { openLog } from "${LOG_MODULE}";
    const log = openLog({ level: "info", format: "json", destination: process.env.LOG });
    for (let session = 0; session < 4000; session += 1) {
      log.logger.info({ event: "session.created", session, pad: "x".repeat(420) }, "session created");
    }
    setTimeout(() => rmSync(process.env.LOG.replace(/log$/, "other")), 100);
    setTimeout(() => log.close(), 800);' && cp "$0/log" "$0.kept" || { df "$0"; exit 1; }`;
