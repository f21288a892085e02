import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenTunnelReply } from '../../../core/ipc/messages.ts';
import { formatIp } from '../../../core/net/address.ts';
import type { SessionEffect } from '../../../core/session/effects.ts';
import type { Open } from '../../../core/session/requests.ts';
import type { Session } from '../../../core/session/session.ts';
import { Gate } from '../../../server/gate.ts';
import type { CheckResult, OpenCheck } from '../../../server/gate.ts';
import { Opening } from '../../../server/opening.ts';
import { Bench, MINUTE, client, limits, told } from '../core/session/fixture.ts';

test('without a check that concerns the session, the answer is there at once', () => {
  const server = new Server();
  server.bench.login('alice');
  const reply = server.open('alice');
  assert.ok(!(reply instanceof Promise));
  assert.equal(reply.kind, 'granted');
});

test('a CONNECT that a check concerns is answered when the check is done', async () => {
  const server = new Server({ concerns: ['alice'] });
  const { session } = server.bench.login('alice');
  const reply = server.open('alice');
  await settle();
  const [asked] = server.asked;
  assert.ok(asked?.inside4, 'the check knows the address');
  assert.deepEqual(asked.peer, { address: '192.0.2.1', port: 40001 });
  assert.equal(server.bench.registry.get(session)?.state.kind, 'waiting');
  server.answer({ kind: 'passed' });
  const answer = await reply;
  assert.equal(answer.kind, 'granted');
  assert.deepEqual(answer.grant.inside4?.address, asked.inside4);
});

test('other sessions do not wait', () => {
  const server = new Server({ concerns: ['alice'] });
  server.bench.login('alice');
  server.bench.login('bob');
  void server.open('alice');
  assert.ok(!(server.open('bob') instanceof Promise));
});

test('a refused session ends, its address is free, and the client hears why', async () => {
  const server = new Server({ concerns: ['alice'] });
  const { session } = server.bench.login('alice');
  const reply = server.open('alice');
  const address = server.bench.address4(session);
  server.answer({ kind: 'refused', reason: 'not today' });
  assert.deepEqual(await reply, { kind: 'refused', status: 503, reason: 'not today' });
  assert.deepEqual(told(server.effects).at(-1), `delete ${session} refused`);
  const again = server.bench.login('alice', { cookieHash: 'hash of alice again' });
  server.bench.open('alice again');
  assert.equal(server.bench.address4(again.session), address);
});

test('a second CONNECT joins the checks of the first, and then takes its tunnel over', async () => {
  const server = new Server({ concerns: ['alice'] });
  server.bench.login('alice');
  const replies = [1, 2].map(async (tunnel) => server.open('alice', { tunnel }));
  await settle();
  assert.equal(server.asked.length, 1);
  server.answer({ kind: 'passed' });
  assert.deepEqual(
    (await Promise.all(replies)).map(({ kind }) => kind),
    ['granted', 'granted'],
  );
  assert.ok(told(server.effects).includes('close 0/1 replaced'));
});

test('checks run in their order, each for its own sessions, and not behind a refusal', async () => {
  const ran: string[] = [];
  const check = (name: string, user: string, result: CheckResult): OpenCheck => ({
    concerns: (session) => session.user === user,
    run: () => {
      ran.push(name);
      return Promise.resolve(result);
    },
  });
  const gate = new Gate([
    check('first', 'alice', { kind: 'passed' }),
    check('of bob', 'bob', { kind: 'passed' }),
    check('second', 'alice', { kind: 'refused', reason: 'no' }),
    check('third', 'alice', { kind: 'passed' }),
  ]);
  const session = new Bench().login('alice');
  assert.deepEqual(await gate.pass(session), { kind: 'refused', reason: 'no' });
  assert.deepEqual(ran, ['first', 'second']);
});

test('when the worker that asked has died, the session waits for its client to come back', async () => {
  const server = new Server({ concerns: ['alice'] });
  const { session } = server.bench.login('alice');
  const reply = server.open('alice', {}, () => false);
  server.answer({ kind: 'passed' });
  assert.equal((await reply).kind, 'refused');
  assert.equal(server.bench.registry.get(session)?.state.kind, 'waiting');
});

test('a session that ends while its checks run gets no tunnel', async () => {
  for (const result of [{ kind: 'passed' }, { kind: 'refused', reason: 'no' }] as const) {
    const server = new Server({ concerns: ['alice'] });
    const session = server.bench.login('alice');
    const reply = server.open('alice');
    server.bench.registry.terminate(session);
    server.answer(result);
    const answer = await reply;
    assert.equal(answer.kind, 'refused');
    assert.equal(answer.status, result.kind === 'passed' ? 401 : 503);
  }
});

test('a cookie does not run out while its checks run', async () => {
  const server = new Server({ concerns: ['alice'] });
  server.bench.login('alice');
  server.bench.now += limits.cookieLifetimeMs - 1;
  const reply = server.open('alice');
  server.bench.now += MINUTE;
  server.bench.registry.sweep(server.bench.now);
  server.answer({ kind: 'passed' });
  assert.equal((await reply).kind, 'granted');
});

test('a server that stops grants nothing any more', async () => {
  const server = new Server({ concerns: ['alice'] });
  server.bench.login('alice');
  const reply = server.open('alice');
  server.opening.close();
  server.answer({ kind: 'passed' });
  assert.deepEqual(await reply, {
    kind: 'refused',
    status: 503,
    reason: 'The server is stopping',
  });
});

test('a CONNECT that gets no address does not come to the checks', async () => {
  const server = new Server({ concerns: ['alice'] }, { pool6: null });
  server.bench.login('bob');
  server.bench.open('bob', { wantsIpv6: false });
  const taken = server.bench.registry.find({ user: 'bob' })[0]?.inside4;
  assert.ok(taken);
  const { policy } = server.bench.login('carol');
  server.bench.login('alice', { policy: { ...policy, address: taken } });
  const answer = await server.open('alice');
  assert.match(answer.kind === 'refused' ? answer.reason : formatIp(taken), /in use/);
  assert.equal(server.asked.length, 0);
});

class Server {
  readonly bench: Bench;
  readonly opening: Opening;
  readonly asked: Session[] = [];
  readonly effects: SessionEffect[] = [];
  #result = Promise.withResolvers<CheckResult>();

  constructor(
    { concerns = [] }: { readonly concerns?: readonly string[] } = {},
    options: ConstructorParameters<typeof Bench>[0] = {},
  ) {
    this.bench = new Bench(options);
    const check: OpenCheck = {
      concerns: ({ user }) => concerns.includes(user),
      run: (session) => {
        this.asked.push(session);
        return this.#result.promise;
      },
    };
    this.opening = new Opening({
      registry: this.bench.registry,
      obituary: () => undefined,
      carryOut: (effects) => this.effects.push(...effects),
      gate: new Gate([check]),
      now: () => this.bench.now,
      log: { info: () => undefined },
    });
  }

  open(
    user: string,
    facts: Partial<Open> = {},
    isThere = () => true,
  ): OpenTunnelReply | Promise<OpenTunnelReply> {
    const open: Open = {
      cookieHash: `hash of ${user}`,
      worker: 0,
      tunnel: 1,
      peer: { address: '192.0.2.1', port: 40001 },
      client,
      localAddress: '198.51.100.1',
      wantsIpv6: true,
      tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
      random: 0,
      ...facts,
    };
    return this.opening.open(open, isThere);
  }

  answer(result: CheckResult): void {
    this.#result.resolve(result);
    this.#result = Promise.withResolvers();
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
