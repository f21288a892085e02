import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRouteLimits, renderRouteHeaders } from '../../../../core/connect/route_headers.ts';
import { ROUTE_LIMITS } from '../../../../core/connect/route_limits.ts';
import type { Cidr } from '../../../../core/net/address.ts';

/** Over all of IPv4, by chance, but the same ones every time. */
function scattered(count: number): Cidr[] {
  let state = 1n;
  return Array.from({ length: count }, () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return { address: { family: 4, value: (state >> 40n) << 8n }, prefix: 24 };
  });
}

test('a list within the limits is told as it was written', () => {
  const policy = { routes: scattered(200), no_routes: scattered(100) };
  for (const limit of ['openconnect', 'cisco'] as const) {
    const { lines, routes, noRoutes } = renderRouteHeaders(policy, true, limit);
    assert.equal(lines.split('\r\n').length, 301);
    assert.deepEqual([routes.told, noRoutes.told], [200, 100]);
  }
  assert.deepEqual(describeRouteLimits('[policy]', policy), []);
});

for (const count of [3000, 5000, 20_000])
  test(`${count} networks become lines that every client takes`, () => {
    for (const policy of [
      { routes: scattered(count), no_routes: [] },
      { routes: [], no_routes: scattered(count) },
      { routes: scattered(count), no_routes: scattered(count) },
    ]) {
      for (const limit of ['openconnect', 'cisco'] as const) {
        const { lines, routes, noRoutes } = renderRouteHeaders(policy, true, limit);
        const { bytes, networks } = ROUTE_LIMITS[limit];
        assert.ok(lines.length <= bytes && routes.told <= networks && noRoutes.told <= networks);
        // As many as fit; where they are dense, the wider ones touch and need fewer.
        assert.ok(
          limit === 'cisco' || count > 5000 || lines.length > bytes / 2,
          String(lines.length),
        );
      }
    }
  });

test('an operator is told how many of how many', () => {
  const [openconnect, cisco, ...more] = describeRouteLimits('[policy]', {
    routes: scattered(5000),
    no_routes: scattered(300),
  });
  assert.deepEqual(more, []);
  assert.match(
    openconnect ?? '',
    /^\[policy\]: openconnect clients are told of \d+ wider routes instead of 5000/,
  );
  assert.match(
    cisco ?? '',
    /of \d+ wider routes instead of 5000.*; the 200 largest of 300 no_routes/,
  );
});

test('a client without IPv6 hears nothing of its networks', () => {
  const v6: Cidr = { address: { family: 6, value: 0xfdn << 120n }, prefix: 8 };
  const { lines } = renderRouteHeaders({ routes: [v6], no_routes: [v6] }, false, 'openconnect');
  assert.equal(lines, '');
});
