import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { NO_ATTRIBUTES } from '../../../core/policy/attributes.ts';
import type { TestContext } from 'node:test';
import type {
  OpenTunnelReply,
  OpenTunnelRequest,
  PrimaryToWorker,
  TunnelGrant,
} from '../../../core/ipc/messages.ts';
import { formatIp } from '../../../core/net/address.ts';
import type { SessionPolicy } from '../../../core/policy/policy.ts';
import { publicIdOf } from '../../../server/session_id.ts';
import { SessionStore } from '../../../server/session_store.ts';
import { Sessions } from '../../../server/sessions.ts';
import type { LoginResult } from '../../../server/sessions.ts';
import { MINUTE, START, cidr, client, counters, limits, policy } from '../core/session/fixture.ts';

const peer = { address: '192.0.2.1', port: 40000 };

test('a login gets a cookie of 256 random bits that only its owner knows', (t) => {
  const server = new Server(t);
  const first = server.login('alice');
  const second = server.login('bob');
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.notEqual(first, second);
  server.stop();
  const bytes = readFileSync(path.join(server.directory, 'sessions.db'));
  assert.ok(bytes.includes(createHash('sha256').update(first).digest('hex')));
  assert.equal(bytes.includes(first), false);
  assert.equal(server.logged.includes(first), false);
});

test('the policy is asked for with the user and all groups, and its banner is told', (t) => {
  const server = new Server(t);
  const outcome = server.sessions.login(
    { vhost: '', user: 'alice', groups: ['staff', 'all'], attributes: NO_ATTRIBUTES },
    { peer, client },
  );
  assert.equal(outcome.kind, 'accepted');
  assert.equal(outcome.policy.banner, 'welcome alice of staff, all');
  assert.equal(server.sessions.policyOf(outcome.cookie), outcome.policy);
  assert.equal(server.sessions.policyOf('f'.repeat(64)), undefined);
  const { policy: granted } = server.open(outcome.cookie);
  assert.equal(granted.banner, 'welcome alice of staff, all');
});

test('a granted tunnel owns its addresses until it closes', (t) => {
  const server = new Server(t);
  const grant = server.open(server.login('alice'), { worker: 1, tunnel: 7 });
  assert.deepEqual(server.owners, ownersOf(grant, 1));
  server.sessions.tunnelOpened(1, { kind: 'tunnel-opened', session: 1, tunnel: 7 });
  server.close(1, 7, 'lost');
  assert.deepEqual(server.owners, new Map());
  assert.deepEqual(server.sent, []);
});

test('a take-over closes the old tunnel at its worker before it is granted', (t) => {
  const server = new Server(t);
  const cookie = server.login('alice');
  server.open(cookie, { worker: 0, tunnel: 7 });
  const grant = server.open(cookie, { worker: 1, tunnel: 3 });
  assert.deepEqual(server.sent, [
    [0, { kind: 'close-tunnel', tunnel: 7, end: 'replaced', tellClient: false }],
  ]);
  assert.deepEqual(server.owners, ownersOf(grant, 1));
  server.close(0, 7, 'replaced');
  assert.deepEqual(server.owners, ownersOf(grant, 1));
});

test('a cookie that is none is refused with 401', (t) => {
  const server = new Server(t);
  const reply = server.tryOpen('f'.repeat(64));
  assert.deepEqual([reply.kind, reply.kind === 'refused' && reply.status], ['refused', 401]);
});

test('a full server says so, and a user with too many sessions is told something else', (t) => {
  const server = new Server(t);
  server.sessions.setLimits({ ...limits, maxClients: 1 });
  server.login('alice');
  const full = server.tryLogin('bob');
  assert.deepEqual(
    [full.kind, full.kind === 'refused' && full.reason.includes('full')],
    ['refused', true],
  );
  server.sessions.setLimits(limits);
  server.policy = { max_sessions: 1 };
  server.open(server.login('carol'));
  const often = server.tryLogin('carol');
  assert.equal(often.kind === 'refused' && often.reason.includes('as often as is allowed'), true);
});

test('clients of a dead worker come back to another with their addresses', (t) => {
  const server = new Server(t);
  const cookie = server.login('alice');
  const before = server.open(cookie, { worker: 0, tunnel: 1 });
  server.sessions.workerGone(0);
  assert.deepEqual(server.owners, new Map());
  assert.deepEqual(server.open(cookie, { worker: 1, tunnel: 1 }), before);
});

test('disconnect drops all tunnels of a user, and they may come back', (t) => {
  const server = new Server(t);
  const cookies = [server.login('alice'), server.login('alice'), server.login('bob')];
  for (const [tunnel, cookie] of cookies.entries()) server.open(cookie, { tunnel });
  assert.equal(server.sessions.disconnect({ user: 'alice' }), 2);
  assert.equal(server.sent.length, 2);
  assert.equal(server.sessions.disconnect({ user: 'nobody' }), 0);
  server.open(cookies[0] ?? '');
});

test('a terminated cookie is dead on disk at once', (t) => {
  const server = new Server(t);
  server.open(server.login('alice'), { worker: 1, tunnel: 9 });
  assert.equal(server.sessions.terminate({ id: 1 }), 1);
  assert.deepEqual(server.sent, [
    [1, { kind: 'close-tunnel', tunnel: 9, end: 'admin', tellClient: true }],
  ]);
  assert.equal(server.flushes, 1);
  assert.equal(server.sessions.size, 0);
});

test('a logout ends the session', (t) => {
  const server = new Server(t);
  const cookie = server.login('alice');
  server.sessions.logout(cookie);
  assert.equal(server.tryOpen(cookie).kind, 'refused');
});

test('a session whose time is up ends by itself', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const server = new Server(t);
  server.login('alice');
  server.pass(3 * MINUTE);
  server.login('bob');
  server.pass(2 * MINUTE);
  assert.deepEqual(names(server), ['bob']);
  server.pass(3 * MINUTE);
  assert.deepEqual(names(server), []);
});

test('who may not be connected now hears until when, and so does a cookie of before', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const server = new Server(t);
  server.policy = { expires: START + MINUTE };
  const cookie = server.login('alice');
  server.open(cookie);
  server.pass(MINUTE);
  assert.deepEqual(server.sent, [
    [0, { kind: 'close-tunnel', tunnel: 1, end: 'account-expired', tellClient: true }],
  ]);
  const reply = server.tryOpen(cookie);
  assert.deepEqual(reply, {
    kind: 'refused',
    status: 503,
    reason: 'Your account has expired: ask your administrator',
  });
  const again = server.tryLogin('alice');
  assert.deepEqual([again.kind, again.kind === 'closed' && again.reason], ['closed', reply.reason]);
  server.pass(5 * MINUTE);
  const late = server.tryOpen(cookie);
  assert.equal(late.kind === 'refused' && late.status, 401);
});

test('a listing has what the table, the client and the worker know', (t) => {
  const server = new Server(t);
  server.policy = {
    routes: [cidr('10.0.0.0/8')],
    dns: [cidr('10.77.0.1').address],
    split_dns: ['example.net'],
    dpd: 90_000,
  };
  const cookie = server.login('alice');
  server.open(cookie, { worker: 1, tunnel: 4 });
  server.close(1, 4, 'lost', 10);
  server.now += MINUTE;
  const grant = server.open(cookie, { worker: 1, tunnel: 5 });
  server.login('bob');
  const status = {
    ...counters(5),
    tunnel: 5,
    session: 1,
    channel: 'dtls' as const,
    tlsCipher: 'TLS_AES_256_GCM_SHA384',
    dtlsCipher: 'PSK-AES256-GCM-SHA384',
    mtu: 1434,
    compression: { tls: 'lzs', dtls: null },
  };
  const elsewhere = { ...status, mtu: 1, ...counters(1000) };
  const tunnels = new Map([
    [0, [elsewhere]],
    [1, [status]],
  ]);
  const [alice, bob] = server.sessions.list(tunnels);
  assert.deepEqual(alice, {
    id: 1,
    publicId: publicIdOf(createHash('sha256').update(cookie).digest('hex')),
    vhost: '',
    user: 'alice',
    group: 'staff',
    groups: ['staff'],
    state: 'connected',
    address4: grant.inside4 && formatIp(grant.inside4.address),
    address6: grant.inside6 && formatIp(grant.inside6.address),
    peer,
    outsideAddress: '198.51.100.1',
    device: 'wolf0',
    loginAt: START,
    since: START + MINUTE,
    expiresAt: null,
    endsAt: null,
    quota: null,
    userAgent: client.userAgent,
    hostname: 'laptop',
    platform: 'linux-64',
    mobile: false,
    counters: { ...counters(15), rxPackets: 2, txPackets: 4 },
    connection: {
      worker: 1,
      tunnel: 5,
      tlsVersion: 'TLSv1.3',
      tlsCipher: 'TLS_AES_256_GCM_SHA384',
      live: {
        channel: 'dtls',
        dtlsCipher: 'PSK-AES256-GCM-SHA384',
        mtu: 1434,
        compression: { tls: 'lzs', dtls: null },
      },
    },
    pushed: {
      dns: ['10.77.0.1'],
      nbns: [],
      splitDns: ['example.net'],
      routes: ['10.0.0.0/8'],
      routeCount: 1,
      noRoutes: [],
      iroutes: [],
      noRouteCount: 0,
      dpdMs: 90_000,
      keepaliveMs: 0,
    },
    rules: { enforceRoutes: false, allow: [], deny: [], clientToClient: true },
    limits: { rxBitsPerSecond: null, txBitsPerSecond: null },
  });
  assert.deepEqual([bob?.state, bob?.address4, bob?.connection], ['waiting', null, null]);
  assert.equal(bob?.expiresAt, START + 6 * MINUTE);
  assert.equal(server.sessions.find({ user: 'alice' })[0]?.connection?.live, null);
});

test('a session is found by the begin of its public id, which a restart keeps', (t) => {
  const server = new Server(t);
  const cookie = server.login('alice');
  server.login('bob');
  const [alice, bob] = server.sessions.list();
  assert.ok(alice !== undefined && bob !== undefined);
  assert.match(alice.publicId, /^[A-Za-z0-9+/]{27}=$/);
  assert.notEqual(alice.publicId.slice(0, 6), bob.publicId.slice(0, 6));
  const hash = createHash('sha256').update(cookie).digest();
  for (const leak of [cookie, hash.toString('hex'), hash.toString('base64')]) {
    assert.ok(!leak.startsWith(alice.publicId.slice(0, 6)), 'it is neither cookie nor hash');
    assert.ok(!JSON.stringify(alice).includes(leak));
  }
  const found = (session: string): string[] =>
    server.sessions.find({ session }).map(({ user }) => user);
  assert.deepEqual(found(alice.publicId), ['alice']);
  assert.deepEqual(found(bob.publicId.slice(0, 6)), ['bob']);
  assert.deepEqual([found(''), found(`${alice.publicId}x`), found(cookie)], [[], [], []]);
  server.stop();
  const next = new Server(t, server.directory);
  assert.equal(next.sessions.list()[0]?.publicId, alice.publicId);
  assert.equal(next.sessions.terminate({ session: alice.publicId.slice(0, 6) }), 1);
  assert.deepEqual(names(next), ['bob']);
});

test('after a restart of the whole server clients come back with cookie and address', (t) => {
  const server = new Server(t);
  const cookies = Array.from({ length: 50 }, (_, i) => server.login(`user${i}`));
  const before = cookies.map((cookie, tunnel) => server.open(cookie, { tunnel }));
  const goodbye = server.login('gone');
  server.sessions.logout(goodbye);
  server.close(0, 3, 'lost', 77);
  server.now += MINUTE;
  server.stop();

  const next = new Server(t, server.directory, server.now + 8 * 60 * MINUTE);
  assert.equal(next.sessions.size, 50);
  assert.deepEqual(next.owners, new Map());
  assert.equal(next.sessions.find({ id: 4 })[0]?.counters.rxBytes, 77);
  const after = cookies.toReversed().map((cookie, tunnel) => next.open(cookie, { tunnel }));
  assert.deepEqual(after.toReversed(), before);
  assert.equal(next.tryOpen(goodbye).kind, 'refused');
  next.login('new');
  assert.equal(next.sessions.find({ user: 'new' })[0]?.id, 52);
});

test('sessions that nobody comes back to are gone after a restart and a cookie lifetime', (t) => {
  const server = new Server(t);
  server.open(server.login('alice'));
  server.stop();
  const next = new Server(t, server.directory, START + 60 * MINUTE);
  next.stop();
  const last = new Server(t, server.directory, START + 120 * MINUTE);
  last.now += 5 * MINUTE;
  last.sessions.sweep();
  assert.equal(last.sessions.size, 0);
  last.stop();
  assert.equal(new Server(t, server.directory).sessions.size, 0);
});

/** One run of the server around the sessions, with what it told the others. */
class Server {
  now: number;
  readonly directory: string;
  readonly sessions: Sessions;
  readonly sent: [number, PrimaryToWorker][] = [];
  readonly owners = new Map<string, number>();
  policy: Partial<SessionPolicy> = {};
  logged = '';
  flushes = 0;
  readonly #t: TestContext;
  #random = 0;

  constructor(t: TestContext, directory?: string, now = START) {
    this.#t = t;
    this.now = now;
    this.directory = directory ?? mkdtempSync(path.join(tmpdir(), 'wolfguard-sessions-'));
    const store = new SessionStore({
      directory: this.directory,
      now: () => this.now,
      onError: (error) => assert.fail(error),
    });
    const flush = store.flush.bind(store);
    store.flush = () => {
      this.flushes++;
      return flush();
    };
    const log = (fields: object, message: string): void => {
      this.logged += `${JSON.stringify(fields)} ${message}\n`;
    };
    this.sessions = new Sessions(
      {
        store,
        sendToWorker: (worker, message) => this.sent.push([worker, message]),
        setOwner: ({ address }, worker) => {
          const text = formatIp(address);
          if (worker === -1) this.owners.delete(text);
          else this.owners.set(text, worker);
        },
        policyFor: ({ user, groups, backend }) => ({
          ...policy,
          banner: `welcome ${user} of ${groups.join(', ')}`,
          ...this.policy,
          ...backend,
        }),
        now: () => this.now,
        randomBytes: (bytes) => {
          const seed = String(this.#random++);
          return createHash('sha256').update(seed).digest().subarray(0, bytes);
        },
        log: { info: log, debug: log },
      },
      {
        pool4: cidr('10.77.0.0/24'),
        pool6: cidr('fd00:77::/64'),
        predictable: false,
        limits,
        device: 'wolf0',
      },
    );
    t.after(() => {
      this.stop();
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  stop(): void {
    this.sessions.close();
  }

  pass(ms: number): void {
    this.now += ms;
    this.#t.mock.timers.tick(ms);
  }

  tryLogin(user: string): LoginResult {
    const accepted = { vhost: '', user, groups: ['staff'], attributes: NO_ATTRIBUTES };
    return this.sessions.login(accepted, { peer, client });
  }

  login(user: string): string {
    const outcome = this.tryLogin(user);
    assert.equal(outcome.kind, 'accepted');
    return outcome.cookie;
  }

  tryOpen(cookie: string, { worker = 0, tunnel = 1 } = {}): OpenTunnelReply {
    const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' };
    const request: OpenTunnelRequest = {
      ...{ cookie, tunnel, client, peer, localAddress: '198.51.100.1' },
      ...{ wantsIpv6: true, tls },
    };
    const reply = this.sessions.open(worker, request);
    assert.ok(!(reply instanceof Promise), 'nothing to wait for');
    return reply;
  }

  open(cookie: string, where: { worker?: number; tunnel?: number } = {}): TunnelGrant {
    const reply = this.tryOpen(cookie, where);
    assert.equal(reply.kind, 'granted');
    return reply.grant;
  }

  close(worker: number, tunnel: number, end: 'lost' | 'replaced', bytes = 0): void {
    const session = this.sessions
      .list()
      .find(({ connection }) => connection?.worker === worker && connection.tunnel === tunnel);
    this.sessions.tunnelClosed(worker, {
      kind: 'tunnel-closed',
      session: session?.id ?? 1,
      tunnel,
      end,
      counters: counters(bytes),
    });
  }
}

const names = ({ sessions }: Server): string[] => sessions.list().map(({ user }) => user);

function ownersOf({ inside4, inside6 }: TunnelGrant, worker: number): Map<string, number> {
  assert.ok(inside4 && inside6);
  return new Map([inside4, inside6].map(({ address }) => [formatIp(address), worker]));
}
