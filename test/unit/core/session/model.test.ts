// Random operations on the session table, and what must hold after each whatever they were.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bitsOf,
  contains,
  formatCidr,
  formatIp,
  networkOf,
  overlaps,
  parseIp,
  sameIp,
} from '../../../../core/net/address.ts';
import type { IpAddress } from '../../../../core/net/address.ts';
import type { TunnelEnd } from '../../../../core/ipc/messages.ts';
import type { SessionEffect } from '../../../../core/session/effects.ts';
import type { OpenRefusal } from '../../../../core/session/requests.ts';
import { deadlineOf } from '../../../../core/session/session.ts';
import type { Session } from '../../../../core/session/session.ts';
import { Bench, MINUTE, cidr, client, counters, policy } from './fixture.ts';

const WORKERS = 3;
const MAX_CLIENTS = 9;
const MAX_SESSIONS = 3;
const ENDS: readonly TunnelEnd[] = ['user-disconnect', 'lost', 'session-timeout', 'shutdown'];

/** In the pool, outside of it, the network's, the server's, the broadcast address, nobody's. */
const FIXED4 = ['10.0.0.5', '192.0.2.7', '10.0.0.0', '10.0.0.1', '10.0.0.15', '127.0.0.1'];
const FIXED6 = ['fd00::5', '2001:db8::7', 'fd00::1', 'fe80::1'];
const UNUSABLE = new Set(['10.0.0.0', '10.0.0.1', '10.0.0.15', '127.0.0.1', 'fd00::1', 'fe80::1']);

/** Some in one another, one with a fixed address in it, one with a pool. */
const SITES = ['192.168.0.0/16', '192.168.7.0/24', '192.0.2.0/29', 'fd01::/48', 'fd00::/16'];

const small = fc.nat(30);
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('login' as const),
      user: fc.nat(4),
      address: fc.option(fc.constantFrom(...FIXED4)),
      address6: fc.option(fc.constantFrom(...FIXED6), { freq: 3 }),
      iroutes: fc.subarray(SITES),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('open' as const, 'open' as const, 'prepare' as const),
      cookie: small,
      worker: fc.nat(WORKERS - 1),
      wantsIpv6: fc.boolean(),
      random: fc.nat(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('close' as const),
      tunnel: small,
      end: fc.constantFrom(...ENDS),
    }),
  },
  fc.record({
    do: fc.constantFrom('disconnect' as const, 'terminate' as const, 'refuse' as const),
    pick: small,
  }),
  fc.record({ do: fc.constant('logout' as const), cookie: small }),
  fc.record({ do: fc.constant('crash' as const), worker: fc.nat(WORKERS - 1) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.nat(4 * MINUTE) }),
);
type OpenOperation = Extract<Operation, { do: 'open' | 'prepare' }>;
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

test('no address twice, owners are the connected tunnels, the saved sessions are the live ones', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(operation, { maxLength: 120, size: 'max' }),
      (predictable, operations) => {
        const world = new World(predictable);
        for (const each of operations) {
          world.run(each);
          world.check();
        }
      },
    ),
    { numRuns: 150 },
  );
});

/** The rest of the server as the effects say it is: workers' tunnels, the owner table, the store. */
class World {
  readonly #bench: Bench;
  readonly #owners = new Map<string, number>();
  readonly #tunnels = new Map<string, { worker: number; tunnel: number; session: number }>();
  readonly #stored = new Map<number, Session>();
  #cookies = 0;
  #opened = 0;

  constructor(predictable: boolean) {
    const pools = { pool4: cidr('10.0.0.0/28'), pool6: cidr('fd00::/125') };
    this.#bench = new Bench({ ...pools, predictable }, { maxClients: MAX_CLIENTS });
  }

  run(each: Operation): void {
    const { registry, now } = this.#bench;
    if (each.do === 'login') this.#login(each);
    else if ('wantsIpv6' in each) {
      if (each.do === 'open') this.#open(each);
      else this.#prepare(each);
    } else if (each.do === 'close') this.#close(each.tunnel, each.end);
    else if (each.do === 'logout') this.#apply(registry.logout(`cookie ${each.cookie}`));
    else if (each.do === 'crash') this.#crash(each.worker);
    else if (each.do === 'wait') {
      this.#bench.now += each.ms;
      this.#apply(registry.sweep(this.#bench.now));
    } else {
      const session = [...registry.all()].at(each.pick % Math.max(1, registry.size));
      if (session !== undefined) this.#apply(registry[each.do](session, now));
    }
  }

  check(): void {
    const { registry, now } = this.#bench;
    const sessions = [...registry.all()];
    const held = sessions.flatMap(({ inside4, inside6 }) => [inside4 ?? [], inside6 ?? []].flat());
    assert.equal(new Set(held.map(formatIp)).size, held.length, 'an address is leased twice');
    for (const address of held) assert.ok(!UNUSABLE.has(formatIp(address)), 'never to be leased');
    for (const { inside4, inside6, policy: fixed } of sessions) {
      if (inside4 !== null && fixed.address !== null) assert.deepEqual(inside4, fixed.address);
      if (inside6 !== null && fixed.address6 !== null) assert.deepEqual(inside6, fixed.address6);
    }

    const carried = sessions.flatMap(({ session, state }) =>
      state.kind === 'connected' ? [{ session, ...state }] : [],
    );
    const owned = carried.flatMap(({ worker, networks }) =>
      networks.map((network): [string, number] => [formatCidr(network), worker]),
    );
    assert.deepEqual(new Map(owned), this.#owners);
    for (const [index, { networks, session }] of carried.entries()) {
      const others = carried.slice(0, index).flatMap((other) => other.networks);
      for (const network of networks) {
        const twice = others.some((other) => overlaps(network, other));
        assert.ok(!twice, `${formatCidr(network)} of ${session} is another's too`);
      }
    }
    assert.deepEqual(
      new Set(carried.map(({ worker, tunnel, session }) => `${worker}/${tunnel} of ${session}`)),
      new Set([...this.#tunnels].map(([key, { session }]) => `${key} of ${session}`)),
    );
    assert.deepEqual(new Map(sessions.map((each) => [each.session, each])), this.#stored);

    assert.equal(registry.size, sessions.length);
    const connected = sessions.filter(({ state }) => state.kind === 'connected');
    assert.equal(registry.connected, connected.length);
    assert.ok(sessions.length <= MAX_CLIENTS);
    for (const { user } of sessions) {
      const count = sessions.filter((other) => other.user === user).length;
      assert.ok(count <= MAX_SESSIONS);
      assert.equal(registry.find({ user }).length, count);
    }
    const deadlines = sessions.map((session) => deadlineOf(session) ?? Infinity);
    assert.equal(registry.nextDeadline() ?? Infinity, Math.min(...deadlines));
    assert.ok(Math.min(...deadlines) > now);
  }

  #login({ user, address, address6, iroutes }: Extract<Operation, { do: 'login' }>): void {
    const limits = { max_sessions: MAX_SESSIONS, session_timeout: 20 * MINUTE };
    const fixed = { address: parsed(address), address6: parsed(address6) };
    const outcome = this.#bench.tryLogin(`user${user}`, {
      cookieHash: `cookie ${this.#cookies++}`,
      policy: { ...policy, ...limits, ...fixed, iroutes: iroutes.map(cidr) },
    });
    this.#apply(outcome.effects);
    if (outcome.kind === 'accepted') return;
    const { registry } = this.#bench;
    const connected = registry
      .find({ user: `user${user}` })
      .filter(({ state }) => state.kind === 'connected');
    if (outcome.limit === 'max_sessions') assert.equal(connected.length, MAX_SESSIONS);
    else assert.equal(registry.size, MAX_CLIENTS);
  }

  #open(each: OpenOperation): void {
    const tunnel = ++this.#opened;
    const cookieHash = `cookie ${each.cookie}`;
    const outcome = this.#bench.tryOpen('', { ...each, cookieHash, tunnel });
    this.#apply(outcome.effects);
    if (outcome.kind === 'refused') {
      this.#checkRefusal(outcome.reason, cookieHash);
      return;
    }
    const { worker } = each;
    this.#tunnels.set(`${worker}/${tunnel}`, { worker, tunnel, session: outcome.grant.session });
  }

  /** A CONNECT that has to wait; it may be followed by its open, or by anything else. */
  #prepare(each: OpenOperation): void {
    const { registry, now } = this.#bench;
    const cookieHash = `cookie ${each.cookie}`;
    const from = { peer: { address: '192.0.2.1', port: 40001 }, localAddress: '', client };
    const outcome = registry.prepare({ ...each, ...from, cookieHash }, 3 * MINUTE, now);
    this.#apply(outcome.effects);
    if (outcome.kind === 'refused') this.#checkRefusal(outcome.reason, cookieHash);
    else assert.ok((deadlineOf(outcome.session) ?? Infinity) > now);
  }

  /** "Taken" only when a session other than the user's own waiting ones has it. */
  #checkRefusal(reason: OpenRefusal, cookieHash: string): void {
    const sessions = [...this.#bench.registry.all()];
    const refused = sessions.find((session) => session.cookieHash === cookieHash);
    if (reason === 'network-taken') {
      const held = sessions
        .filter((other) => other !== refused)
        .flatMap(({ state, inside4, inside6 }) => [
          ...(state.kind === 'connected' ? state.networks : []),
          ...[inside4, inside6].flatMap((ip) =>
            ip === null ? [] : networkOf(ip, bitsOf(ip.family)),
          ),
        ]);
      const wanted = refused?.policy.iroutes ?? [];
      assert.ok(wanted.some((network) => held.some((other) => overlaps(network, other))));
    }
    if (reason !== 'address-taken') return;
    const wanted = [refused?.policy.address, refused?.policy.address6].flatMap((ip) => ip ?? []);
    const holders = sessions.filter(
      (other) =>
        other !== refused &&
        ([other.inside4, other.inside6].some((held) =>
          wanted.some((ip) => held !== null && sameIp(ip, held)),
        ) ||
          (other.state.kind === 'connected' &&
            other.policy.iroutes.some((site) => wanted.some((ip) => contains(site, ip))))),
    );
    assert.ok(
      holders.some(({ user, state }) => user !== refused?.user || state.kind === 'connected'),
    );
  }

  /** A worker reports the end of one of its tunnels, or once more of one that is long gone. */
  #close(pick: number, end: TunnelEnd): void {
    const current = [...this.#tunnels.values()].at(pick);
    const reference = current ?? { worker: 0, tunnel: 0, session: pick };
    this.#tunnels.delete(`${reference.worker}/${reference.tunnel}`);
    const { registry, now } = this.#bench;
    this.#apply(registry.tunnelClosed({ ...reference, end, counters: counters(1) }, now));
  }

  #crash(worker: number): void {
    for (const [key, tunnel] of this.#tunnels)
      if (tunnel.worker === worker) this.#tunnels.delete(key);
    this.#apply(this.#bench.registry.workerGone(worker, this.#bench.now));
  }

  #apply(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'save') this.#stored.set(effect.session.session, effect.session);
      else if (effect.kind === 'delete') this.#stored.delete(effect.session.session);
      else if (effect.kind === 'close-tunnel') {
        assert.ok(this.#tunnels.delete(`${effect.worker}/${effect.tunnel}`), 'closed twice');
      } else if (effect.worker === -1) {
        assert.ok(this.#owners.delete(formatCidr(effect.network)), 'taken from nobody');
      } else this.#owners.set(formatCidr(effect.network), effect.worker);
    }
  }
}

const parsed = (text: string | null): IpAddress | null =>
  text === null ? null : (parseIp(text) ?? null);
