import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, mock, test } from 'node:test';
import type { TestContext } from 'node:test';
import type {
  OpenTunnelReply,
  PrimaryToWorker,
  TunnelEnd,
  TunnelStatus,
} from '../../../core/ipc/messages.ts';
import { NO_ATTRIBUTES } from '../../../core/policy/attributes.ts';
import type { SessionPolicy } from '../../../core/policy/policy.ts';
import { Quotas } from '../../../server/quotas.ts';
import { SessionStore } from '../../../server/session_store.ts';
import { Sessions } from '../../../server/sessions.ts';
import type { LoginResult } from '../../../server/sessions.ts';
import { MINUTE, START, cidr, client, counters, limits, policy } from '../core/session/fixture.ts';

/** `counters(n)` has 3 n bytes in both directions together. */
const SUM = 3;
const DAY = 24 * 60 * MINUTE;

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

test('both directions of all sessions of a user count, and of those with a quota only', async (t) => {
  const server = new Server(t, { quota: { bytes: 1e9, per: 'month' } });
  server.open(server.login(), 1);
  server.open(server.login(), 2);
  server.tunnels = { 1: 1000, 2: 500 };
  await server.pass(5000);
  assert.equal(server.used(), SUM * 1500);
  server.close(1, 2000);
  assert.equal(server.used(), SUM * 2500);
  const free = new Server(t);
  free.open(free.login(), 1);
  free.close(1, 2000);
  assert.equal(free.used(), 0);
});

test('a quota that is used up ends all sessions of the user aloud, the waiting ones too', async (t) => {
  const server = new Server(t, { quota: { bytes: 9000, per: 'day' } });
  const waiting = server.login();
  server.open(server.login(), 1);
  server.tunnels = { 1: 2999 };
  await server.pass(5000);
  assert.equal(server.sessions.size, 2);
  server.tunnels = { 1: 3000 };
  await server.pass(5000);
  assert.equal(server.sessions.size, 0);
  assert.deepEqual(server.sent, [
    { kind: 'close-tunnel', tunnel: 1, end: 'quota-used', tellClient: true },
  ]);
  const reply = server.tryOpen(waiting, 2);
  assert.equal(reply.kind === 'refused' && reply.status, 503);
  assert.match(reply.kind === 'refused' ? reply.reason : '', /quota .* again from .* 00:00 on/);
});

test('a login is refused until the period is over, and no longer', async (t) => {
  const server = new Server(t, { quota: { bytes: 3000, per: 'day' } });
  server.open(server.login(), 1);
  server.tunnels = { 1: 1000 };
  await server.pass(5000);
  const refused = server.tryLogin();
  assert.match(refused.kind === 'closed' ? refused.reason : '', /quota .* again from/);
  server.now += DAY;
  assert.equal(server.tryLogin().kind, 'accepted');
});

test('a reload that raises the quota, or a reset, lets the user in at once', async (t) => {
  const server = new Server(t, { quota: { bytes: 3000, per: 'day' } });
  server.open(server.login(), 1);
  server.tunnels = { 1: 1000 };
  await server.pass(5000);
  assert.equal(server.tryLogin().kind, 'closed');
  server.policy = { quota: { bytes: 4000, per: 'week' } };
  assert.equal(server.tryLogin().kind, 'accepted');
  server.policy = { quota: { bytes: 3000, per: 'day' } };
  assert.equal(server.quotas.reset('alice'), true);
  assert.equal(server.quotas.reset('alice'), false);
  assert.equal(server.tryLogin().kind, 'accepted');
});

test('a restart forgets nothing, and a death without a word only what was not asked for', async (t) => {
  const before = new Server(t, { quota: { bytes: 1e9, per: 'day' } });
  const cookie = before.login();
  before.open(cookie, 1);
  before.tunnels = { 1: 1000 };
  await before.pass(5000);
  before.tunnels = { 1: 1500 };
  before.stop();
  const after = new Server(t, before.policy, before.directory);
  assert.equal(after.used(), SUM * 1000);
  after.open(cookie, 1);
  after.close(1, 10);
  assert.equal(after.used(), SUM * 1010);
});

test('a tunnel that moved to another worker counts to its end, and a dead worker not twice', async (t) => {
  const server = new Server(t, { quota: { bytes: 1e9, per: 'day' } });
  const cookie = server.login();
  server.open(cookie, 1);
  server.tunnels = { 1: 100 };
  await server.pass(5000);
  server.open(cookie, 2);
  server.close(1, 150);
  assert.equal(server.used(), SUM * 150);
  server.sessions.workerGone(0);
  server.now += 1;
  // The successor's first tunnel has the same number.
  server.open(cookie, 2);
  server.close(2, 10);
  assert.equal(server.used(), SUM * 160);
});

test('who has little left, or is fast, is asked often, and who is idle seldom', async (t) => {
  const server = new Server(t, { quota: { bytes: 10e9, per: 'day' } });
  server.open(server.login(), 1);
  assert.equal(await server.nextLook(), 5000);
  // A gigabit a second: 64 MiB take half a second.
  server.tunnels = { 1: (125_000 * 5000) / SUM };
  assert.equal(await server.nextLook(), 5000);
  const fast = await server.nextLook(125_000 / SUM);
  assert.ok(fast > 500 && fast < 600, `${fast}`);
  server.tunnels = { 1: (10e9 - 50e6) / SUM };
  await server.pass(5000);
  assert.equal(await server.nextLook(), 250);
  assert.equal(await server.nextLook(), 400);
  server.tunnels = { 1: (10e9 - 5e6) / SUM };
  await server.pass(5000);
  assert.equal(await server.nextLook(), 250);
});

test('a fast user passes a quota by what goes through in a quarter of a second', async (t) => {
  const quota = { bytes: 5 * 2 ** 30, per: 'day' } as const;
  const server = new Server(t, { quota });
  server.open(server.login(), 1);
  const bytesPerMs = 125_000;
  let moved = 0;
  for (let ms = 0; server.sessions.size > 0 && ms < 100_000; ms += 10) {
    moved += 10 * bytesPerMs;
    server.tunnels = { 1: moved / SUM };
    await server.pass(10);
  }
  assert.ok(moved - quota.bytes <= 260 * bytesPerMs, `${moved - quota.bytes} too many`);
});

test('the listing has what is used, and until when', async (t) => {
  const quota = { bytes: 5000, per: 'week' } as const;
  const server = new Server(t, { quota });
  server.open(server.login(), 1);
  server.tunnels = { 1: 1000 };
  await server.pass(5000);
  const [view] = server.sessions.list();
  assert.deepEqual([view?.quota?.bytes, view?.quota?.used], [5000, 3000]);
  assert.ok((view?.quota?.until ?? 0) > server.now);
});

class Server {
  readonly sent: PrimaryToWorker[] = [];
  readonly sessions: Sessions;
  readonly quotas: Quotas;
  readonly directory: string;
  now = START;
  /** Of worker 0: bytes from the client by tunnel, as counters() has them. */
  tunnels: Readonly<Record<number, number>> = {};
  policy: Partial<SessionPolicy>;
  #looks = 0;
  #cookies = 0;
  readonly #sessionOf = new Map<number, number>();

  constructor(t: TestContext, changes: Partial<SessionPolicy> = {}, directory?: string) {
    this.policy = changes;
    this.directory = directory ?? mkdtempSync(path.join(tmpdir(), 'wolfguard-quotas-'));
    t.after(() => rmSync(this.directory, { recursive: true, force: true }));
    const now = (): number => this.now;
    const store = new SessionStore({ directory: this.directory, now, onError: assert.ifError });
    this.quotas = new Quotas({
      store,
      listTunnels: (_timeoutMs, only) => {
        this.#looks++;
        const wanted = only.get(0) ?? [];
        const list = this.#list().filter(({ tunnel }) => wanted.includes(tunnel));
        return Promise.resolve(new Map([[0, list]]));
      },
      moved: (user) => this.sessions.moved(user),
      now,
    });
    this.sessions = new Sessions(
      {
        store,
        sendToWorker: (_worker, message) => this.sent.push(message),
        setOwner: () => undefined,
        policyFor: () => ({ ...policy, ...this.policy }),
        now,
        randomBytes: (length) => Buffer.alloc(length, ++this.#cookies),
        log: { debug: () => undefined, info: () => undefined },
        observer: this.quotas,
        quotas: this.quotas,
      },
      { pool4: cidr('10.77.0.0/16'), pool6: null, predictable: true, limits, device: 'wolf0' },
    );
    t.after(() => this.stop());
  }

  tryLogin(): LoginResult {
    const login = { vhost: '', user: 'alice', groups: [], attributes: NO_ATTRIBUTES };
    return this.sessions.login(login, { peer: { address: '192.0.2.1', port: 4000 }, client });
  }

  login(): string {
    const result = this.tryLogin();
    assert.equal(result.kind, 'accepted');
    return result.cookie;
  }

  tryOpen(cookie: string, tunnel: number): OpenTunnelReply {
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
    return reply;
  }

  open(cookie: string, tunnel: number): void {
    const reply = this.tryOpen(cookie, tunnel);
    assert.equal(reply.kind, 'granted');
    this.#sessionOf.set(tunnel, reply.grant.session);
  }

  close(tunnel: number, bytes: number, end: TunnelEnd = 'lost'): void {
    const session = this.#sessionOf.get(tunnel) ?? 0;
    const message = { session, tunnel, end, counters: counters(bytes) };
    this.sessions.tunnelClosed(0, { kind: 'tunnel-closed', ...message });
  }

  used(): number {
    return this.quotas.used('alice', { bytes: 1, per: 'day' });
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    await this.quotas.look();
  }

  /** How long it takes until a worker is asked again, while tunnel 1 moves so much. */
  async nextLook(bytesPerMs = 0): Promise<number> {
    const looks = this.#looks;
    for (let ms = 1; ms < 20_000; ms++) {
      this.tunnels = { 1: (this.tunnels[1] ?? 0) + bytesPerMs };
      await this.pass(1);
      if (this.#looks > looks) return ms;
    }
    return Infinity;
  }

  stop(): void {
    this.quotas.close();
    this.sessions.close();
  }

  #list(): TunnelStatus[] {
    return Object.entries(this.tunnels).map(([tunnel, bytes]) => ({
      ...counters(bytes),
      tunnel: Number(tunnel),
      session: this.#sessionOf.get(Number(tunnel)) ?? 0,
      channel: 'tls',
      tlsCipher: '',
      dtlsCipher: '',
      mtu: 1400,
    }));
  }
}
