import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { AccountingRecord } from '../../../core/ipc/auth.ts';
import type { TunnelEnd, TunnelStatus } from '../../../core/ipc/messages.ts';
import type { AccountingAttributes } from '../../../core/policy/attributes.ts';
import { Accounting } from '../../../server/accounting.ts';
import { SessionStore } from '../../../server/session_store.ts';
import { Sessions } from '../../../server/sessions.ts';
import { MINUTE, START, cidr, client, counters, limits, policy } from '../core/session/fixture.ts';

test('a session is told of from its first tunnel to its end, with all that it moved', (t) => {
  const server = new Server(t);
  const cookie = server.login();
  assert.deepEqual(server.events(), []);
  server.open(cookie, 1);
  server.now += 10_000;
  server.close(1, 'lost', 100);
  server.open(cookie, 2);
  server.now += 5000;
  server.close(2, 'user-disconnect', 11);
  assert.deepEqual(server.events(), ['start null 0', 'stop user-disconnect 111']);
  const [start, stop] = server.records;
  assert.equal(start?.id, 'session at the server');
  assert.deepEqual([stop?.id, stop?.durationMs], [start.id, 15_000]);
  assert.match(start.inside4 ?? '', /^10\.77\./);
});

test('who keeps no accounts, and who never had a tunnel, is not told of', (t) => {
  const server = new Server(t);
  server.open(server.login(null), 1);
  server.close(1, 'user-disconnect', 1);
  server.login();
  server.now += 6 * MINUTE;
  server.sessions.sweep();
  assert.deepEqual(server.events(), []);
});

test('interims come at their interval, with what the tunnel has moved so far', async (t) => {
  const server = new Server(t);
  const cookie = server.login();
  server.open(cookie, 1);
  server.tunnels = { 1: 70 };
  await server.pass(MINUTE - 1000);
  assert.deepEqual(server.events(), ['start null 0']);
  await server.pass(1000);
  server.tunnels = { 1: 90 };
  await server.pass(MINUTE);
  assert.deepEqual(server.events().slice(1), ['interim null 70', 'interim null 90']);
  assert.deepEqual(server.asked.at(-1), [[0, [1]]]);
});

test('sums never go back, also when a worker has died with its counters', async (t) => {
  const server = new Server(t);
  const cookie = server.login();
  server.open(cookie, 1);
  server.tunnels = { 1: 70 };
  await server.pass(MINUTE);
  server.sessions.workerGone(0);
  server.tunnels = {};
  await server.pass(MINUTE);
  server.sessions.terminate({ id: 1 });
  assert.deepEqual(server.events().slice(1), [
    'interim null 70',
    'interim null 70',
    'stop admin 70',
  ]);
});

test('a session that ends under its tunnel is told of with the last counters', (t) => {
  const server = new Server(t);
  server.open(server.login(), 1);
  server.sessions.terminate({ id: 1 });
  assert.deepEqual(server.events(), ['start null 0']);
  server.close(1, 'admin', 55);
  assert.deepEqual(server.events().slice(1), ['stop admin 55']);
});

test('a worker that never says the last counters delays the stop by seconds only', async (t) => {
  const server = new Server(t);
  server.open(server.login(), 1);
  server.sessions.terminate({ id: 1 });
  await server.pass(5000);
  assert.deepEqual(server.events().slice(1), ['stop admin 0']);
});

for (const end of ['lost', 'dpd-timeout', 'idle-timeout'] as const) {
  test(`a cookie that nobody used again ends for the reason of its last tunnel: ${end}`, (t) => {
    const server = new Server(t);
    server.open(server.login(), 1);
    server.close(1, end, 5);
    server.now += 6 * MINUTE;
    server.sessions.sweep();
    assert.deepEqual(server.events().slice(1), [`stop ${end} 5`]);
  });
}

test('sessions of the last run get interims and their stop, and no second start', async (t) => {
  const before = new Server(t);
  const cookie = before.login();
  before.open(cookie, 1);
  before.close(1, 'lost', 30);
  before.stop();
  const after = new Server(t, { directory: before.directory, now: before.now + 1000 });
  assert.deepEqual(after.events(), []);
  await after.pass(MINUTE);
  after.now += 6 * MINUTE;
  after.sessions.sweep();
  assert.deepEqual(after.events(), ['interim null 30', 'stop expired 30']);
  assert.deepEqual(
    new Set(after.records.map(({ id }) => id)),
    new Set(before.records.map(({ id }) => id)),
  );
});

test('the interims of sessions that began together are spread out', async (t) => {
  let draw = 0;
  const server = new Server(t, { random: () => (draw++ % 100) / 100 });
  for (let n = 0; n < 100; n++) server.open(server.login(), n);
  server.records.length = 0;
  await server.pass(MINUTE / 2);
  const bySecond: number[] = [];
  for (let second = 0; second < 30; second++) {
    const before = server.records.length;
    await server.pass(1000);
    bySecond.push(server.records.length - before);
  }
  assert.equal(server.records.length, 100);
  assert.ok(Math.max(...bySecond) <= 5, bySecond.join());
});

const ACCOUNTS: AccountingAttributes = {
  backend: 'radius',
  id: 'session at the server',
  interimMs: MINUTE,
  classes: ['00ff'],
};

class Server {
  readonly records: AccountingRecord[] = [];
  readonly asked: (readonly (readonly [number, readonly number[]])[])[] = [];
  readonly sessions: Sessions;
  readonly directory: string;
  now: number;
  /** Bytes from the client that each tunnel has moved. */
  tunnels: Readonly<Record<number, number>> = {};
  readonly #accounting: Accounting;
  #cookies = 0;

  constructor(
    t: TestContext,
    options: { directory?: string; now?: number; random?: () => number } = {},
  ) {
    this.directory = options.directory ?? mkdtempSync(path.join(tmpdir(), 'wolfguard-accounts-'));
    this.now = options.now ?? START;
    t.after(() => rmSync(this.directory, { recursive: true, force: true }));
    const now = (): number => this.now;
    this.#accounting = new Accounting({
      send: (record) => this.records.push(record),
      listTunnels: (_timeoutMs, only) => {
        this.asked.push([...only]);
        return Promise.resolve(new Map([[0, this.#list()]]));
      },
      now,
      random: options.random ?? (() => 1),
    });
    this.sessions = new Sessions(
      {
        store: new SessionStore({ directory: this.directory, now, onError: assert.ifError }),
        sendToWorker: () => undefined,
        setOwner: () => undefined,
        policyFor: () => policy,
        now,
        randomBytes: (length) => Buffer.alloc(length, ++this.#cookies),
        log: { debug: () => undefined, info: () => undefined },
        observer: this.#accounting,
      },
      { pool4: cidr('10.77.0.0/16'), pool6: null, predictable: true, limits, device: 'wolf0' },
    );
    t.after(() => this.stop());
  }

  login(accounting: AccountingAttributes | null = ACCOUNTS): string {
    const peer = { address: '192.0.2.1', port: 4000 };
    const attributes = { policy: {}, accounting };
    const login = { vhost: '', user: 'alice', groups: [], attributes };
    const result = this.sessions.login(login, { peer, client });
    assert.equal(result.kind, 'accepted');
    return result.cookie;
  }

  open(cookie: string, tunnel: number): void {
    const reply = this.sessions.open(0, {
      cookie,
      tunnel,
      client,
      peer: { address: '192.0.2.1', port: 4001 },
      localAddress: '198.51.100.1',
      wantsIpv6: false,
      tls: { version: 'TLSv1.3', cipher: '' },
    });
    assert.ok(!(reply instanceof Promise));
    assert.equal(reply.kind, 'granted');
  }

  close(tunnel: number, end: TunnelEnd, bytes: number): void {
    const message = { session: 1, tunnel, end, counters: counters(bytes) };
    this.sessions.tunnelClosed(0, { kind: 'tunnel-closed', ...message });
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    await this.#accounting.look();
  }

  /** What was told, in one line each: event, cause, bytes from the client. */
  events(): string[] {
    return this.records.map(({ event, cause, traffic }) => `${event} ${cause} ${traffic.rxBytes}`);
  }

  stop(): void {
    this.#accounting.close();
    this.sessions.close();
  }

  #list(): TunnelStatus[] {
    return Object.entries(this.tunnels).map(([tunnel, bytes]) => ({
      ...counters(bytes),
      tunnel: Number(tunnel),
      session: 1,
      channel: 'tls',
      tlsCipher: '',
      dtlsCipher: '',
      mtu: 1400,
    }));
  }
}
