import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { decodeAdminEvent } from '../../../core/ipc/admin_event.ts';
import type { AdminEvent } from '../../../core/ipc/admin_event.ts';
import type { TunnelEnd } from '../../../core/ipc/messages.ts';
import { NO_ATTRIBUTES } from '../../../core/policy/attributes.ts';
import { AdminEvents, MAX_EVENT_READERS } from '../../../server/admin_events.ts';
import { withLocalAddresses } from '../../../server/session_listing.ts';
import { SessionStore } from '../../../server/session_store.ts';
import { Sessions } from '../../../server/sessions.ts';
import { START, cidr, client, counters, limits, policy } from '../core/session/fixture.ts';

test('a reader hears who comes, who goes and why, with the last counters', (t) => {
  const server = new Server(t);
  const { heard } = server.read();
  const cookie = server.login('alice');
  assert.equal(heard.length, 0, 'a login without a tunnel is nothing to see');
  server.open(cookie, 1);
  server.now += 90_000;
  server.close(1, 'idle-timeout', 70);
  assert.deepEqual(heard.map(wordOf), ['connected alice', 'disconnected alice']);
  const [came, went] = heard;
  assert.ok(came?.kind === 'connected' && went?.kind === 'disconnected');
  assert.equal(came.session.local4, '10.77.0.1');
  assert.deepEqual(
    [went.at, went.end, went.lastedMs, went.session.counters.rxBytes],
    [START + 90_000, 'idle-timeout', 90_000, 70],
  );
});

test('of tunnels that were there before, a reader hears the end', (t) => {
  const server = new Server(t);
  server.open(server.login('alice'), 1);
  server.now += 1000;
  const { heard } = server.read();
  server.sessions.terminate({ user: 'alice' });
  assert.equal(heard.length, 0, 'its worker has the last word');
  server.close(1, 'admin', 5);
  assert.deepEqual(heard.map(wordOf), ['disconnected alice']);
  assert.ok(heard[0]?.kind === 'disconnected' && heard[0].lastedMs === 1000);
});

test('who connects anew is heard of twice, and the tunnel before it once', (t) => {
  const server = new Server(t);
  const { heard } = server.read();
  const cookie = server.login('alice');
  server.open(cookie, 1);
  server.open(cookie, 2);
  server.close(1, 'replaced', 5);
  assert.deepEqual(heard.map(wordOf), ['connected alice', 'connected alice', 'disconnected alice']);
});

test('a worker that dies ends its tunnels and no others', (t) => {
  const server = new Server(t);
  const { heard } = server.read();
  server.open(server.login('alice'), 1, 1);
  server.open(server.login('bob'), 1, 11);
  server.events.workerGone(1);
  assert.deepEqual(heard.slice(2).map(wordOf), ['disconnected alice']);
  assert.ok(heard[2]?.kind === 'disconnected' && heard[2].end === 'worker-gone');
});

test('refused logins are told to those that asked for them', (t) => {
  const server = new Server(t);
  const plain = server.read();
  const curious = server.read(true);
  server.events.loginRefused({ address: '203.0.113.7', port: 1 }, 'branch.example');
  assert.deepEqual(plain.heard, []);
  assert.deepEqual(curious.heard, [
    { kind: 'login-refused', at: START, address: '203.0.113.7', vhost: 'branch.example' },
  ]);
});

test('a reader that has gone hears nothing, and makes room for another', (t) => {
  const server = new Server(t);
  const readers = Array.from({ length: MAX_EVENT_READERS }, () => server.read());
  assert.equal(
    server.events.subscribe(() => undefined, false),
    undefined,
  );
  readers[0]?.leave();
  const last = server.read();
  server.open(server.login('alice'), 1);
  const counts = [readers[0], readers[1], last].map((reader) => reader?.heard.length);
  assert.deepEqual(counts, [0, 1, 1]);
});

const wordOf = (event: AdminEvent): string =>
  'session' in event ? `${event.kind} ${event.session.user}` : event.kind;

const peer = { address: '192.0.2.1', port: 40000 };

/** Sessions with events behind them. */
class Server {
  now = START;
  readonly sessions: Sessions;
  readonly events: AdminEvents;
  #random = 0;

  constructor(t: TestContext) {
    const directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-events-'));
    const now = (): number => this.now;
    this.events = new AdminEvents({
      sessions: () => this.sessions.all(),
      view: (session) =>
        withLocalAddresses(this.sessions.view(session), (address) => address && '10.77.0.1'),
      now,
    });
    this.sessions = new Sessions(
      {
        store: new SessionStore({ directory, now, onError: (error) => assert.fail(error) }),
        sendToWorker: () => undefined,
        setOwner: () => undefined,
        policyFor: () => policy,
        now,
        randomBytes: (bytes) => new Uint8Array(bytes).fill(++this.#random),
        log: { info: () => undefined, debug: () => undefined },
        observer: this.events,
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
      this.sessions.close();
      rmSync(directory, { recursive: true, force: true });
    });
  }

  read(logins = false): { readonly heard: AdminEvent[]; readonly leave: () => void } {
    const heard: AdminEvent[] = [];
    const leave = this.events.subscribe((line) => heard.push(decodeAdminEvent(line)), logins);
    assert.ok(leave !== undefined);
    assert.deepEqual(heard.splice(0), [{ kind: 'listening', at: this.now }]);
    return { heard, leave };
  }

  login(user: string): string {
    const accepted = { vhost: '', user, groups: [], attributes: NO_ATTRIBUTES };
    const outcome = this.sessions.login(accepted, { peer, client });
    assert.equal(outcome.kind, 'accepted');
    return outcome.cookie;
  }

  open(cookie: string, tunnel: number, worker = 1): void {
    const tls = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' };
    const facts = { client, peer, localAddress: '198.51.100.1', wantsIpv6: true, tls };
    const reply = this.sessions.open(worker, { cookie, tunnel, ...facts });
    assert.ok(!(reply instanceof Promise) && reply.kind === 'granted');
  }

  close(tunnel: number, end: TunnelEnd, bytes: number): void {
    this.sessions.tunnelClosed(1, {
      kind: 'tunnel-closed',
      session: 1,
      tunnel,
      end,
      counters: counters(bytes),
    });
  }
}
