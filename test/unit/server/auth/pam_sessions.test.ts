// Sessions of PAM with the real libpam, in an /etc of its own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { AccountingRecord, AuthSettings, PrimaryToAuth } from '../../../../core/ipc/auth.ts';
import { PamSessions } from '../../../../server/auth/pam_sessions.ts';
import { PrivateEtc, whyNoPam } from '../../../pam/private_etc.ts';
import { BACKEND_SETTINGS, authSettings } from './settings_fixture.ts';

const options = { skip: whyNoPam() };
let etc: PrivateEtc;

before(() => {
  if (options.skip !== false) return;
  etc = new PrivateEtc();
  const module = etc.buildModule();
  etc.service('good', `auth required ${module}`, `session required ${module} record=/etc/calls`);
  etc.service(
    'slow',
    `auth required ${module}`,
    `session required ${module} sleep=1 record=/etc/calls`,
  );
  // PAM_SESSION_ERR
  etc.service(
    'bad',
    `auth required ${module}`,
    `session required ${module} record=/etc/calls code=14`,
  );
});

beforeEach(() => {
  if (options.skip === false) etc.write('calls', '');
});

after(() => {
  if (options.skip === false) etc.close();
});

test(
  'a session is opened at its start and closed at its end, with its user and address',
  options,
  async () => {
    const { sessions, logged } = open('good');
    sessions.record(record('start', '1'));
    sessions.record(record('interim', '1'));
    sessions.record(record('stop', '1'));
    await sessions.idle();
    assert.deepEqual(calls(), [
      'open_session alice 192.0.2.7 wolfguard',
      'close_session alice 192.0.2.7 wolfguard',
    ]);
    assert.deepEqual(logged, []);
  },
);

test(
  'the records of a session keep their order, those of others do not wait',
  options,
  async () => {
    const { sessions } = open('slow');
    const began = performance.now();
    for (const id of ['1', '2', '3', '4']) sessions.record(record('start', id, `user${id}`));
    for (const id of ['1', '2', '3', '4']) sessions.record(record('stop', id, `user${id}`));
    await sessions.idle();
    assert.ok(performance.now() - began < 6000);
    for (const id of ['1', '2', '3', '4']) {
      const own = calls().filter((line) => line.includes(`user${id} `));
      assert.deepEqual(
        own.map((line) => line.split(' ')[0]),
        ['open_session', 'close_session'],
      );
    }
  },
);

test('a session that PAM did not open is logged and never closed', options, async () => {
  const { sessions, logged } = open('bad');
  sessions.record(record('start', '1'));
  sessions.record(record('stop', '1'));
  await sessions.idle();
  assert.deepEqual(calls(), ['open_session alice 192.0.2.7 wolfguard']);
  assert.equal(logged.length, 1);
  assert.match(String(logged[0]?.['problem']), /Cannot make\/remove an entry/);
  assert.ok(!JSON.stringify(logged).includes('alice'));
});

test('the end of a session that an earlier process opened is told', options, async () => {
  const { sessions } = open('good');
  sessions.record(record('stop', '7'));
  await sessions.idle();
  assert.deepEqual(calls(), ['close_session alice 192.0.2.7 wolfguard']);
});

test('without helper or service file the log says so', options, async () => {
  for (const [sessions, text] of [
    [open('good', null), /not built/],
    [open('nothing'), /no PAM service "nothing"/],
    [open('good', ['/bin/true']), /exit code 0/],
  ] as const) {
    sessions.sessions.record(record('start', '1'));
    await sessions.sessions.idle();
    assert.match(String(sessions.logged[0]?.['problem']), text);
  }
  assert.deepEqual(calls(), []);
});

test(
  'the auth process hands on the records of people whom PAM let in, and ends no session early',
  options,
  async () => {
    const [wrapper, ...args] = etc.wrapper;
    const auth = fork(APP, [], {
      execPath: wrapper,
      execArgv: [...args, process.execPath],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const tell = (message: PrimaryToAuth): boolean => auth.send(message);
    tell({ kind: 'start', settings: settings('slow'), measure: false });
    await once(auth, 'message');
    const others = { backend: 'radius', interimMs: null, classes: [] };
    tell({
      kind: 'accounting',
      id: 1,
      record: { ...record('start', '1', 'bob'), attributes: others },
    });
    tell({
      kind: 'accounting',
      id: 2,
      record: { ...record('start', '2', 'carl'), attributes: null },
    });
    tell({ kind: 'accounting', id: 3, record: record('stop', '3') });
    // Once its process is there, it is told also when the server ends.
    await eventually(
      () => readFileSync(`/proc/${auth.pid}/task/${auth.pid}/children`, 'utf8') !== '',
    );
    const gone = once(auth, 'exit');
    auth.disconnect();
    await gone;
    assert.deepEqual(calls(), []);
    await eventually(() => calls().length > 0);
    assert.deepEqual(calls(), ['close_session alice 192.0.2.7 wolfguard']);
  },
);

const APP = path.resolve(import.meta.dirname, '../../../../server/auth/app.ts');

async function eventually(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isSo(); i++) await sleep(50);
  assert.ok(isSo());
}

function open(service: string, command: readonly [string, ...string[]] | null = etc.helper) {
  const logged: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    logged.push(JSON.parse(line) as Record<string, unknown>);
  };
  const logger = pino({ level: 'debug' }, { write });
  return { sessions: new PamSessions({ logger, command }, { service }), logged };
}

const calls = (): string[] => etc.read('calls').split('\n').filter(Boolean);

const settings = (service: string): AuthSettings => ({
  ...authSettings({
    chains: [['pam']],
    backends: { ...BACKEND_SETTINGS, pam: { service, gidMin: 0, accounting: true } },
  }),
});

const record = (
  event: AccountingRecord['event'],
  id: string,
  user = 'alice',
): AccountingRecord => ({
  event,
  at: 0,
  id,
  vhost: '',
  user,
  group: '',
  peer: { address: '192.0.2.7', port: 50_000 },
  userAgent: '',
  inside4: '10.77.0.2',
  inside6: null,
  durationMs: 0,
  traffic: { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 },
  cause: event === 'stop' ? 'user-disconnect' : null,
  attributes: { backend: 'pam', interimMs: null, classes: [] },
});
