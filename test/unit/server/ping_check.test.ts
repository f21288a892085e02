import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIp, parseIp } from '../../../core/net/address.ts';
import type { IpAddress } from '../../../core/net/address.ts';
import type { Session } from '../../../core/session/session.ts';
import { Gate } from '../../../server/gate.ts';
import { Opening } from '../../../server/opening.ts';
import { PingCheck } from '../../../server/ping_check.ts';
import { Bench, cidr, client, policy } from '../core/session/fixture.ts';

const POOL = { pool4: cidr('10.77.0.0/28'), pool6: null, predictable: false };

test('an address that answers is skipped with a warning, and another one is given', async () => {
  const server = new Server(['10.77.0.2', '10.77.0.3']);
  server.bench.login('alice');
  const answer = await server.open('alice');
  assert.equal(answer.kind, 'granted');
  assert.deepEqual(answer.grant.inside4?.address, ip('10.77.0.4'));
  assert.deepEqual(server.asked, ['10.77.0.2', '10.77.0.3', '10.77.0.4']);
  assert.deepEqual(server.log, ['10.77.0.2', '10.77.0.3']);
});

test('addresses of both families are asked, and only the one that answers is exchanged', async () => {
  const server = new Server(['fd00:77::2'], { pool6: cidr('fd00:77::/64') });
  server.bench.login('alice');
  const answer = await server.open('alice');
  assert.equal(answer.kind, 'granted');
  const { inside4, inside6 } = answer.grant;
  assert.deepEqual([inside4?.address, inside6?.address], [ip('10.77.0.2'), ip('fd00:77::3')]);
});

test('what answered is free again: it may be silent the next time', async () => {
  const server = new Server(['10.77.0.2']);
  server.bench.login('alice');
  await server.open('alice');
  server.taken.clear();
  server.bench.login('bob');
  const answer = await server.open('bob');
  assert.ok(answer.kind === 'granted');
  assert.deepEqual(answer.grant.inside4?.address, ip('10.77.0.2'));
});

test('where everybody answers the client is told to come later, after a bounded number', async () => {
  const all = Array.from({ length: 14 }, (_, n) => `10.77.0.${n + 1}`);
  const server = new Server(all);
  server.bench.login('alice');
  const answer = await server.open('alice');
  assert.ok(answer.kind === 'refused' && answer.status === 503);
  assert.match(answer.reason, /No address is free/);
  assert.equal(server.asked.length, 8);
  assert.equal(server.bench.registry.size, 0);
});

test('a pool that has no other address refuses, and has leased nothing', async () => {
  const server = new Server(['10.77.0.2'], { pool4: cidr('10.77.0.0/30') });
  server.bench.login('alice');
  assert.equal((await server.open('alice')).kind, 'refused');
  server.taken.clear();
  server.bench.login('bob');
  assert.equal((await server.open('bob')).kind, 'granted');
});

test('a fixed address that answers refuses the tunnel with the reason', async () => {
  const server = new Server(['192.0.2.9']);
  server.bench.login('alice', { policy: { ...policy, address: ip('192.0.2.9') } });
  const answer = await server.open('alice');
  assert.ok(answer.kind === 'refused');
  assert.match(answer.reason, /in use by another machine/);
});

test('a client that comes back is not asked for: its address answers, since it is its own', async () => {
  const server = new Server([]);
  const { session } = server.bench.login('alice');
  await server.open('alice');
  server.bench.closed(session, 'lost');
  server.taken.add('10.77.0.2');
  const again = server.open('alice');
  assert.ok(!(again instanceof Promise));
  assert.equal(again.kind, 'granted');
});

test('a session that ends while it is asked gets no tunnel', async () => {
  const server = new Server(['10.77.0.2']);
  const session = server.bench.login('alice');
  const reply = server.open('alice');
  server.bench.registry.terminate(session);
  assert.equal((await reply).kind, 'refused');
});

class Server {
  readonly bench: Bench;
  readonly taken: Set<string>;
  readonly asked: string[] = [];
  readonly log: string[] = [];
  readonly #opening: Opening;

  constructor(taken: readonly string[], options: ConstructorParameters<typeof Bench>[0] = {}) {
    const bench = new Bench({ ...POOL, ...options });
    this.bench = bench;
    this.taken = new Set(taken);
    const check = new PingCheck({
      answers: (address) => {
        this.asked.push(formatIp(address));
        return Promise.resolve(this.taken.has(formatIp(address)));
      },
      exchange: ({ session }: Session, unwanted: readonly IpAddress[]) =>
        bench.registry.exchange(session, unwanted, 0)?.session,
      giveBack: (addresses) => bench.registry.giveBack(addresses),
      log: {
        warn: (fields) => this.log.push(...(fields as { addresses: string[] }).addresses),
      },
    });
    this.#opening = new Opening({
      registry: bench.registry,
      carryOut: () => undefined,
      gate: new Gate([check]),
      obituary: () => undefined,
      now: () => bench.now,
      log: { info: () => undefined },
    });
  }

  open(user: string) {
    return this.#opening.open(
      {
        cookieHash: `hash of ${user}`,
        worker: 0,
        tunnel: 1,
        peer: { address: '192.0.2.1', port: 40001 },
        localAddress: '198.51.100.1',
        client,
        wantsIpv6: true,
        tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
        random: 0,
      },
      () => true,
    );
  }
}

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return parsed;
}
