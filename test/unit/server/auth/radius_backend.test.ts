import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { RadiusServer, RadiusSettings } from '../../../../core/ipc/auth.ts';
import {
  NAME,
  bytes,
  integer,
  readText,
  text,
  valuesOf,
} from '../../../../core/radius/attributes.ts';
import { CODE } from '../../../../core/radius/packet.ts';
import { RadiusBackend } from '../../../../server/auth/radius_backend.ts';
import { SECRET, utf8 } from '../../core/radius/fixture.ts';
import { testBackend, verify } from './backend_suite.ts';
import { Responder, accept, people, silence, withTimeout } from './radius_responder.ts';
import { BACKEND_SETTINGS } from './settings_fixture.ts';

// Short, where a test waits for it; the others have their answer long before.
const TIMEOUT_MS = 300;

testBackend('radius', {
  open: async (t) => open(t, [(await Responder.open(t, people)).name]).backend,
  openUnreachable: async (t) => open(t, [(await Responder.open(t, silence)).name]).backend,
});

test('radius: a server behind IPv6, with what it gives the session', async (t) => {
  const server = await Responder.open(t, withTimeout(60), '::1');
  const { backend } = open(t, [server.name]);
  const policy = { session_timeout: 60_000 };
  assert.deepEqual(await verify(backend, 'alice', 's3cret'), {
    kind: 'accepted',
    groups: [],
    attributes: { policy, accounting: null },
  });
});

test('radius: a request says who calls from where, its Message-Authenticator first', async (t) => {
  const server = await Responder.open(t, accept);
  const { backend } = open(t, [server.name]);
  await verify(backend, 'älice', 'pass wörd');
  const [asked] = server.asked;
  assert.ok(asked);
  assert.deepEqual([asked.user, asked.password], ['älice', 'pass wörd']);
  const { attributes } = asked.packet;
  assert.equal(attributes[0]?.type, NAME.messageAuthenticator.type);
  const said = [NAME.callingStationId, NAME.nasIdentifier].map((name) =>
    valuesOf(attributes, name).map(readText).join(),
  );
  assert.deepEqual(said, ['192.0.2.1', 'wolfguard']);
  assert.match(valuesOf(attributes, NAME.acctSessionId).map(readText).join(), /^[0-9a-f]{16}$/);
});

test('radius: a lost request is sent again as it was', async (t) => {
  const server = await Responder.open(t, silence);
  server.answer = (asked) => (server.asked.length < 3 ? null : accept(asked));
  const { backend } = open(t, [server.name], { timeoutMs: 2000 });
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  assert.equal(new Set(server.asked.map(({ bytes }) => bytes.toString('hex'))).size, 1);
});

test('radius: a dead first server delays one login and not every one', async (t) => {
  const [dead, good] = [await Responder.open(t, silence), await Responder.open(t, people)];
  const { backend, logged } = open(t, [dead.name, good.name]);
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  const before = dead.asked.length;
  for (let i = 0; i < 5; i++) {
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  }
  assert.equal(dead.asked.length, before);
  assert.equal(logged().match(/does not answer/g)?.length, 1);
});

test('radius: after half a minute one login tries the dead server out, and it is used again', async (t) => {
  const [first, second] = [await Responder.open(t, silence), await Responder.open(t, people)];
  let now = 0;
  const { backend } = open(t, [first.name, second.name], {}, () => now);
  await verify(backend, 'alice', 's3cret');
  first.asked.length = 0;
  now = 31_000;
  const logins = [1, 2, 3].map(() => verify(backend, 'alice', 's3cret'));
  for (const round of await Promise.all(logins)) assert.equal(round.kind, 'accepted');
  assert.equal(new Set(first.asked.map(({ bytes }) => bytes.toString('hex'))).size, 1);
  first.answer = people;
  now = 62_000;
  await verify(backend, 'alice', 's3cret');
  second.asked.length = 0;
  await verify(backend, 'alice', 's3cret');
  assert.equal(second.asked.length, 0);
});

test('radius: more logins at once than there are identifiers', async (t) => {
  const server = await Responder.open(t, people);
  const { backend } = open(t, [server.name], { timeoutMs: 10_000 });
  const rounds = await Promise.all(
    Array.from({ length: 700 }, (_, i) => verify(backend, 'alice', i % 2 ? 's3cret' : 'wrong')),
  );
  rounds.forEach((round, i) => assert.equal(round.kind, i % 2 ? 'accepted' : 'refused'));
  assert.ok(new Set(server.asked.map(({ from }) => from.port)).size >= 3);
});

test('radius: replies under another secret are dropped, and the log says so once', async (t) => {
  const server = await Responder.open(t, () => ({ code: CODE.accessAccept, secret: utf8('else') }));
  const { backend, logged } = open(t, [server.name]);
  for (let i = 0; i < 2; i++) {
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'unavailable');
  }
  assert.equal(logged().match(/compare auth.radius.secret_file/g)?.length, 1);
  assert.ok(!logged().includes('xyzzy5461'));
});

for (const code of [CODE.accessAccept, CODE.accessReject]) {
  test(`radius: an unsigned reply (code ${code}) counts only where that is allowed`, async (t) => {
    const server = await Responder.open(t, () => ({ code, signed: false }));
    const strict = open(t, [server.name]);
    assert.equal((await verify(strict.backend, 'alice', 's3cret')).kind, 'unavailable');
    assert.match(strict.logged(), /CVE-2024-3596/);
    const lenient = open(t, [server.name], { requireMessageAuthenticator: false });
    const { kind } = await verify(lenient.backend, 'alice', 's3cret');
    assert.equal(kind, code === CODE.accessAccept ? 'accepted' : 'refused');
  });
}

test('radius: a challenge is answered at the server that made it, with its State', async (t) => {
  const state = bytes(NAME.state, utf8('state of alice'));
  const other = await Responder.open(t, silence);
  const server = await Responder.open(t, ({ packet, password }) => {
    const [given] = valuesOf(packet.attributes, NAME.state);
    const prompt = [text(NAME.replyMessage, 'Code?'), integer(NAME.prompt, 1), state];
    if (given === undefined) return { code: CODE.accessChallenge, attributes: prompt };
    const right = readText(given) === 'state of alice' && password === '123456';
    return { code: right ? CODE.accessAccept : CODE.accessReject };
  });
  const { backend } = open(t, [other.name, server.name]);
  const round = await verify(backend, 'alice', 's3cret');
  assert.equal(round.kind, 'challenge');
  assert.deepEqual([round.message, round.echo], ['Code?', true]);
  other.answer = accept;
  const signal = new AbortController().signal;
  assert.equal((await round.conversation.respond('999999', signal)).kind, 'refused');
  assert.equal((await round.conversation.respond('', signal)).kind, 'refused');
  assert.equal((await round.conversation.respond('123456', signal)).kind, 'accepted');
  round.conversation.cancel();
});

test('radius: a login that is given up does not count against the server', async (t) => {
  const server = await Responder.open(t, silence);
  const { backend, logged } = open(t, [server.name], { timeoutMs: 5000 });
  const controller = new AbortController();
  const login = verify(backend, 'alice', 's3cret', controller.signal);
  setTimeout(() => controller.abort(), 50);
  assert.equal((await login).kind, 'unavailable');
  assert.equal(logged(), '');
});

test('radius: with accounting the session gets a number, an interval and what to send back', async (t) => {
  const server = await Responder.open(t, () => ({
    code: CODE.accessAccept,
    attributes: [integer(NAME.acctInterimInterval, 5), bytes(NAME.class, Uint8Array.of(0, 255))],
  }));
  const { backend } = open(t, [server.name], { accounting: true });
  const round = await verify(backend, 'alice', 's3cret');
  assert.equal(round.kind, 'accepted');
  const { id, ...rest } = round.attributes?.accounting ?? {};
  assert.deepEqual(rest, { backend: 'radius', interimMs: 60_000, classes: ['00ff'] });
  const [asked] = server.asked;
  assert.ok(asked);
  assert.equal(valuesOf(asked.packet.attributes, NAME.acctSessionId).map(readText).join(), id);
});

test('radius: a secret that others can read is warned of; one that is missing is an outage', async (t) => {
  const server = await Responder.open(t, people);
  const { backend, logged, secretFile } = open(t, [server.name]);
  chmodSync(secretFile, 0o644);
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  assert.match(logged(), /can be read by others/);
  writeFileSync(secretFile, '\n');
  await assert.rejects(verify(backend, 'alice', 's3cret'), /has no secret in its first line/);
});

function open(
  t: TestContext,
  servers: readonly RadiusServer[],
  changes: Partial<RadiusSettings> = {},
  now: () => number = Date.now,
): { backend: RadiusBackend; logged: () => string; secretFile: string } {
  const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-radius-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const secretFile = path.join(directory, 'secret');
  writeFileSync(secretFile, `${Buffer.from(SECRET).toString()}\nsecond line\n`, { mode: 0o600 });
  let lines = '';
  const logger = pino({ level: 'info' }, { write: (line) => (lines += line) });
  const settings = { ...BACKEND_SETTINGS.radius, servers, secretFile, timeoutMs: TIMEOUT_MS };
  const backend = new RadiusBackend({ logger, now }, { ...settings, ...changes });
  t.after(() => backend.close());
  return { backend, logged: () => lines, secretFile };
}
