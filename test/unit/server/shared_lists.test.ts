// Both ends of the long lists: what the primary sends, and what a worker makes of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenTunnelReply, PrimaryToWorker } from '../../../core/ipc/messages.ts';
import type { Cidr } from '../../../core/net/address.ts';
import type { SessionPolicy } from '../../../core/policy/policy.ts';
import { SharedLists } from '../../../server/shared_lists.ts';
import { PolicyShelf } from '../../../worker/policy_shelf.ts';
import { GRANT } from '../worker/bench.ts';

const routes = (count: number, first = 0x0a000000n): Cidr[] =>
  Array.from({ length: count }, (_, i) => ({
    address: { family: 4, value: first + (BigInt(i) << 9n) },
    prefix: 24,
  }));
const DENY_TCP = [{ protocol: 'tcp' as const, ports: [], network: null }];

type Granted = Extract<OpenTunnelReply, { kind: 'granted' }>;

const grantOf = (policy: Partial<SessionPolicy>): Granted => ({
  kind: 'granted',
  grant: { ...GRANT, policy: { ...GRANT.policy, ...policy } },
});

test('a short list travels in its grant', () => {
  const { shared, sent } = primary();
  const reply = grantOf({ routes: routes(3) });
  assert.equal(shared.share(reply), reply);
  assert.deepEqual(sent, []);
});

test('a long list goes to a worker once, and the worker completes every grant with it', () => {
  const { shared, sent } = primary();
  const { shelf } = worker();
  const list = routes(5000);
  for (const user of ['alice', 'bob']) {
    const reply = grantOf({ routes: list, banner: user });
    const told = shared.share(reply);
    assert.ok(told.kind === 'granted' && told.grant.policy.routes.length === 0);
    for (const message of sent.splice(0)) {
      assert.equal(user, 'alice');
      shelf.handleMessage(message);
    }
    const whole = shelf.complete(told);
    assert.ok(whole.kind === 'granted');
    assert.deepEqual(whole.grant, reply.grant);
  }
});

test('lists with the same content are the same, those with another are not', () => {
  const { shared, sent } = primary();
  const keyOf = (policy: Partial<SessionPolicy>) => {
    const told = shared.share(grantOf(policy));
    return told.kind === 'granted' ? told.lists : undefined;
  };
  const first = keyOf({ routes: routes(100) });
  assert.equal(keyOf({ routes: routes(100) }), first);
  for (const other of [
    { routes: routes(101) },
    { routes: [], no_routes: routes(100) },
    { routes: routes(100), enforce_routes: true },
    { routes: routes(100), client_to_client: false },
    { routes: routes(100), deny: DENY_TCP },
    { routes: routes(100), allow: DENY_TCP },
  ])
    assert.notEqual(keyOf(other), first);
  assert.equal(sent.length, 7);
});

test('a worker keeps a bounded number of lists: the one unused for longest goes', () => {
  const { shared, sent } = primary();
  const { shelf, engine } = worker();
  for (let i = 0; i < 300; i++) {
    shared.share(grantOf({ routes: routes(20, BigInt(i) << 24n), deny: DENY_TCP }));
    shared.share(grantOf({ routes: routes(20), deny: DENY_TCP }));
  }
  for (const message of sent) shelf.handleMessage(message);
  const forgotten = sent.flatMap(({ forget }) => forget);
  assert.equal(forgotten.length, sent.length - 256);
  assert.ok(!forgotten.includes(sent[1]?.add?.key ?? ''), 'it was used all the time');
  assert.deepEqual(engine, [], 'no tunnel has asked for the rules');
});

test('rules are compiled for the first tunnel and forgotten with their list', () => {
  const { shared, sent } = primary();
  const { shelf, engine } = worker();
  const told = shared.share(grantOf({ deny: DENY_TCP }));
  assert.ok(told.kind === 'granted');
  for (const message of sent) shelf.handleMessage(message);
  const lists = shelf.listsOf(told);
  assert.deepEqual([lists.acl(), lists.acl()], [1, 1]);
  assert.deepEqual(engine, ['define 1']);
  shelf.handleMessage({ kind: 'policy-lists', add: null, forget: [told.lists ?? ''] });
  assert.deepEqual(engine, ['define 1', 'forget 1']);
  assert.throws(() => shelf.complete(told), /no lists/);
});

test('the lines for clients are made once for each kind of them', () => {
  const { shared, sent } = primary();
  const { shelf } = worker();
  const told = shared.share(grantOf({ routes: routes(500) }));
  for (const message of sent) shelf.handleMessage(message);
  const lists = shelf.listsOf(told as Granted);
  const all = lists.routeLines({ kind: 'openconnect' }, true);
  assert.equal(all.split('\r\n').length, 501);
  assert.ok(lists.routeLines({ kind: 'anyconnect' }, true).split('\r\n').length <= 201);
});

function primary() {
  const sent: Extract<PrimaryToWorker, { kind: 'policy-lists' }>[] = [];
  const shared = new SharedLists((message) => {
    assert.ok(message.kind === 'policy-lists');
    sent.push(message);
  });
  return { shared, sent };
}

function worker() {
  const engine: string[] = [];
  const shelf = new PolicyShelf({
    engine: {
      defineAcl: (id) => void engine.push(`define ${id}`),
      forgetAcl: (id) => void engine.push(`forget ${id}`),
    },
  });
  return { shelf, engine };
}
