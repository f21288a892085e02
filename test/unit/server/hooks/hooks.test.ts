import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TunnelEnd } from '../../../../core/ipc/messages.ts';
import type { PluginEvent } from '../../../../core/ipc/plugins.ts';
import type { SessionInfo, SessionStatistics } from '../../../../core/plugin/plugin.ts';
import { sessionInfo } from '../../../../core/hooks/session_info.ts';
import type { SessionEffect } from '../../../../core/session/effects.ts';
import type { Open } from '../../../../core/session/requests.ts';
import type { Session } from '../../../../core/session/session.ts';
import type { CheckResult } from '../../../../server/gate.ts';
import type { OpenRecord } from '../../../../server/hooks/hook_store.ts';
import { Hooks } from '../../../../server/hooks/hooks.ts';
import { Bench, MINUTE, START, client, counters } from '../../core/session/fixture.ts';

test('a session is asked for once, and told of when it is over, with all that it has moved', async () => {
  const server = new Server();
  await server.connect('alice');
  server.now += 10_000;
  server.closed('alice', 'lost', 100);
  assert.equal(server.hooks.concerns(server.session('alice')), false, 'it comes back unasked');
  server.open('alice');
  server.now += 5_000;
  server.closed('alice', 'user-disconnect', 1);
  await settle();
  assert.deepEqual(server.heard, [
    'plugins connect 1',
    'script connect 1',
    'plugins host-update 1 laptop',
    'script host-update 1 laptop',
    'plugins disconnect 1 user-disconnect 101 202 15000',
    'script disconnect 1 101 202 15000',
  ]);
  assert.equal(server.rows.size, 0);
});

test('who is refused by a script is over for the plugins that allowed it, and for nobody else', async () => {
  const server = new Server();
  server.script = { kind: 'refused', reason: 'no' };
  assert.deepEqual(await server.ask('alice'), { kind: 'refused', reason: 'no' });
  server.apply(server.bench.registry.refuse(server.session('alice')));
  await settle();
  assert.deepEqual(server.heard, [
    'plugins connect 1',
    'script connect 1',
    'plugins disconnect 1 refused 0 0 0',
  ]);
});

test('who is refused by a plugin is not even asked for by the script', async () => {
  const server = new Server();
  server.plugin = { kind: 'refused', reason: 'no' };
  assert.equal((await server.ask('alice')).kind, 'refused');
  assert.deepEqual(server.heard, ['plugins connect 1']);
  assert.equal(server.rows.size, 0);
});

test('without a hook nobody waits', () => {
  const server = new Server();
  server.configured = false;
  server.bench.login('alice');
  assert.equal(server.hooks.concerns(server.session('alice')), false);
});

test('a session that ends while it is asked for gets both, in order', async () => {
  const server = new Server();
  const asked = server.ask('alice');
  server.apply(server.bench.registry.terminate(server.session('alice')));
  await settle();
  assert.deepEqual(await asked, { kind: 'passed' });
  await settle();
  assert.deepEqual(server.heard, [
    'plugins connect 1',
    'script connect 1',
    'plugins disconnect 1 admin 0 0 0',
    'script disconnect 1 0 0 0',
  ]);
});

test('a session that ends under its tunnel waits for the last counters', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const server = new Server();
  for (const user of ['alice', 'bob']) await server.connect(user);
  const [alice, bob] = [server.session('alice'), server.session('bob')];
  for (const session of [alice, bob]) server.apply(server.bench.registry.terminate(session));
  server.tunnelClosed(alice, 50);
  await settle();
  assert.ok(server.heard.includes('script disconnect 1 50 100 0'));
  assert.ok(!server.heard.some((line) => line.startsWith('script disconnect 2')));
  t.mock.timers.tick(5000);
  await settle();
  assert.ok(server.heard.includes('script disconnect 2 0 0 0'), 'a worker that says nothing');
  server.tunnelClosed(bob, 50);
  await settle();
  assert.equal(server.heard.filter((line) => line.startsWith('script disconnect')).length, 2);
});

test('a session whose worker was killed gets its disconnect when it does not come back', async () => {
  const server = new Server();
  await server.connect('alice');
  server.apply(server.bench.registry.workerGone(0, server.now));
  server.now += 6 * MINUTE;
  server.apply(server.bench.registry.sweep(server.now));
  await settle();
  assert.equal(server.heard.at(-1), `script disconnect 1 0 0 ${6 * MINUTE}`);
  assert.ok(server.heard.some((line) => line.startsWith('plugins disconnect 1 expired')));
});

test('another host name is told of, the same one is not', async () => {
  const server = new Server();
  await server.connect('alice');
  server.open('alice');
  server.open('alice', { client: { ...client, hostname: 'phone' } });
  server.open('alice', { client: { ...client, hostname: '' } });
  await settle();
  assert.deepEqual(
    server.heard.filter((line) => line.startsWith('script host-update')),
    ['script host-update 1 laptop', 'script host-update 1 phone'],
  );
});

test('what one session hears keeps its order, and does not hold up another', async () => {
  const server = new Server();
  const slow = Promise.withResolvers<boolean>();
  server.telling = (info, reason) =>
    info.user === 'alice' && reason === 'host-update' ? slow.promise : Promise.resolve(true);
  for (const user of ['alice', 'bob']) await server.connect(user);
  for (const user of ['alice', 'bob']) server.closed(user, 'user-disconnect', 0);
  await settle();
  const scripts = (session: number): string[] =>
    server.heard.filter((line) => new RegExp(`^script (host|dis).* ${session} `).test(line));
  assert.equal(scripts(1).length, 1);
  assert.equal(scripts(2).length, 2);
  slow.resolve(true);
  await settle();
  assert.deepEqual(scripts(1), ['script host-update 1 laptop', 'script disconnect 1 0 0 0']);
});

test('a stop tells of all sessions, and they are asked for again after it', async () => {
  const server = new Server();
  await server.connect('alice');
  server.closed('alice', 'shutdown', 7);
  await server.hooks.stop(60_000);
  assert.equal(server.heard.at(-1), 'script disconnect 1 7 14 0');
  assert.equal(server.rows.size, 0);
  const next = server.next();
  assert.equal(next.hooks.concerns(next.session('alice')), true);
  await next.connect('alice', false);
  next.closed('alice', 'user-disconnect', 1);
  await settle();
  assert.equal(next.heard.at(-1), 'script disconnect 1 1 2 0', 'from the second connect on');
});

test('a stop waits no longer than it may; what is left is run by the next server', async () => {
  const server = new Server();
  server.telling = (_info, reason) =>
    reason === 'disconnect' ? server.stopped.then(() => false) : Promise.resolve(true);
  await server.connect('alice');
  server.closed('alice', 'shutdown', 7);
  await server.hooks.stop(20);
  assert.equal(server.rows.size, 1);
  const next = server.next();
  await settle();
  assert.deepEqual(next.heard, [
    'plugins disconnect 1 shutdown 7 14 0',
    'script disconnect 1 7 14 0',
  ]);
  assert.equal(next.rows.size, 0);
});

test('after a crash, who comes back is not asked for, and who does not gets the disconnect', async () => {
  const server = new Server();
  for (const user of ['alice', 'bob', 'carol']) await server.connect(user);
  server.closed('alice', 'lost', 30);
  // Carol's session did not reach the disk.
  const next = server.next(['alice', 'bob']);
  await settle();
  assert.deepEqual(next.heard.at(-1), 'script disconnect 3 0 0 0');
  assert.equal(next.hooks.concerns(next.session('bob')), false);
  next.open('bob');
  next.now += 6 * MINUTE;
  next.apply(next.bench.registry.sweep(next.now));
  await settle();
  assert.equal(next.heard.at(-1), `script disconnect 1 30 60 ${6 * MINUTE}`);
  assert.deepEqual(
    [...next.rows.values()].map(({ info }) => info.user),
    ['bob'],
  );
});

/** A run of the server; scripts and plugins only note what they hear. */
class Server {
  readonly bench = new Bench();
  readonly hooks: Hooks;
  readonly heard: string[] = [];
  readonly rows: Map<number, OpenRecord>;
  script: CheckResult = { kind: 'passed' };
  plugin: CheckResult = { kind: 'passed' };
  configured = true;
  telling: (info: SessionInfo, reason: string) => Promise<boolean> = () => Promise.resolve(true);
  readonly stopped: Promise<void>;

  constructor(rows = new Map<number, OpenRecord>(), restore: (server: Server) => void = () => {}) {
    this.rows = rows;
    const stopping = Promise.withResolvers<undefined>();
    this.stopped = stopping.promise;
    this.hooks = new Hooks({
      store: {
        load: () => [...rows].map(([id, record]) => ({ id, record })),
        add: (record) => {
          rows.set(rows.size + 1, record);
          return rows.size;
        },
        save: (id, record) => rows.set(id, record),
        delete: (id) => rows.delete(id),
        close: () => undefined,
      },
      scripts: {
        connect: (info) => this.#note(this.script, 'script connect', info.id),
        tell: (info, occasion) => {
          const { reason } = occasion;
          const facts =
            occasion.reason === 'disconnect' ? moved(occasion.statistics) : info.client.hostname;
          this.heard.push(`script ${reason} ${info.id} ${facts}`);
          return this.telling(info, reason);
        },
        stopConnects: () => undefined,
        stopAll: () => stopping.resolve(undefined),
      },
      plugins: {
        connect: (info) => this.#note(this.plugin, 'plugins connect', info.id),
        tell: (event) => this.#note(undefined, 'plugins', event.kind, factsOf(event)),
      },
      isConfigured: () => this.configured,
      describe: (session) => sessionInfo(session, { device: 'wolf0', pools: [], prefix6: 128 }),
      now: () => this.now,
      log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    });
    restore(this);
    this.hooks.start();
  }

  get now(): number {
    return this.bench.now;
  }

  set now(now: number) {
    this.bench.now = now;
  }

  session(user: string): Session {
    const [session] = this.bench.registry.find({ user });
    assert.ok(session);
    return session;
  }

  /** Logs in, asks and opens. */
  async connect(user: string, login = true): Promise<void> {
    assert.deepEqual(await this.ask(user, login), { kind: 'passed' });
    this.open(user);
  }

  ask(user: string, login = true): Promise<CheckResult> {
    if (login) this.bench.login(user);
    return this.hooks.run({ ...this.session(user), client });
  }

  open(user: string, facts: Partial<Open> = {}): void {
    this.apply(this.bench.open(user, facts).effects);
  }

  closed(user: string, end: TunnelEnd, bytes: number): void {
    this.apply(this.bench.closed(this.session(user).session, end, bytes));
  }

  tunnelClosed({ session, state }: Session, bytes: number): void {
    assert.equal(state.kind, 'connected');
    this.hooks.tunnelClosed(state.worker, {
      session,
      tunnel: state.tunnel,
      counters: counters(bytes),
    });
  }

  apply(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'save') this.hooks.saved(effect.session);
      else if (effect.kind === 'delete') this.hooks.ended(effect.session, effect.end);
    }
  }

  /** The next run, which finds the rows and the sessions of these users. */
  next(users: readonly string[] = [...this.bench.registry.all()].map(({ user }) => user)): Server {
    const sessions = [...this.bench.registry.all()].filter(({ user }) => users.includes(user));
    return new Server(new Map(this.rows), (server) => {
      for (const { policy, ...facts } of sessions) {
        const saved = { record: { ...facts, expiresAt: null }, policy };
        server.apply(server.bench.registry.restore(saved, START, START));
      }
    });
  }

  #note<T>(result: T, ...words: readonly (string | number)[]): Promise<T> {
    this.heard.push(words.join(' '));
    return Promise.resolve(result);
  }
}

const factsOf = (event: Exclude<PluginEvent, { kind: 'connect' }>): string =>
  event.kind === 'disconnect'
    ? `${event.session.id} ${event.end} ${moved(event.statistics)}`
    : `${event.session.id} ${event.session.client.hostname}`;

const moved = ({ bytesIn, bytesOut, durationMs }: SessionStatistics): string =>
  `${bytesIn} ${bytesOut} ${durationMs}`;

const nothing = (): void => undefined;

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};
