import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCidr, parseCidr } from '../../../../core/net/address.ts';
import type { Cidr } from '../../../../core/net/address.ts';
import { groupWithSection } from '../../../../core/policy/groups.ts';
import { mergePolicy } from '../../../../core/policy/merge.ts';
import type { PolicyKeys, PolicyLayer, PolicySource } from '../../../../core/policy/merge.ts';
import { policy } from '../session/fixture.ts';

const [A, B, C] = [cidr('10.1.0.0/16'), cidr('10.2.0.0/16'), cidr('fd00::/8')];
const EVERYTHING = cidr('0.0.0.0/0');

test('a later layer takes the place of an earlier one, key by key', () => {
  const { policy, sources } = merge([
    layer('group', { banner: 'staff', mtu: 1400, dns: [A.address, B.address] }),
    layer('user', { banner: '', dns: [C.address] }),
  ]);
  assert.equal(policy.banner, '');
  assert.equal(policy.mtu, 1400);
  assert.deepEqual(policy.dns, [C.address]);
  assert.deepEqual(policy.udp, true);
  assert.deepEqual(
    (['banner', 'mtu', 'udp'] as const).map((key) => sources.get(key)),
    [[{ kind: 'user', name: 'u' }], [{ kind: 'group', name: 'g' }], [{ kind: 'policy' }]],
  );
});

test('lists replace lists, also by none', () => {
  const layers = [layer('group', { routes: [A] }), layer('user', { routes: [] })];
  assert.deepEqual(merge(layers).policy.routes, []);
});

test('with append_routes a layer adds its routes, each of them once', () => {
  const { policy, sources } = merge([
    layer('group', { routes: [A, B], no_routes: [C] }),
    layer('user', { append_routes: true, routes: [B, C], dns: [A.address] }),
  ]);
  assert.deepEqual(policy.routes, [A, B, C]);
  assert.deepEqual(policy.no_routes, [C]);
  assert.deepEqual(policy.dns, [A.address]);
  assert.deepEqual(sources.get('routes'), [source('group'), source('user')]);
  assert.deepEqual(sources.get('no_routes'), [source('group')]);
});

test('append_routes is inherited, and a layer may say no', () => {
  const base = { append_routes: true, routes: [A] };
  const routes = (...layers: PolicyLayer[]): string[] =>
    merge(layers, base).policy.routes.map(formatCidr);
  assert.deepEqual(routes(layer('user', { routes: [B] })), ['10.1.0.0/16', '10.2.0.0/16']);
  assert.deepEqual(routes(layer('user', { append_routes: false, routes: [B] })), ['10.2.0.0/16']);
  assert.deepEqual(
    routes(layer('group', { append_routes: false }), layer('backend', { routes: [C] })),
    ['fd00::/8'],
  );
});

test('no routes at all are nothing to add to, but the default route is', () => {
  const added = layer('user', { append_routes: true, routes: [A] });
  const fromNone = merge([added]);
  assert.deepEqual(fromNone.policy.routes, [A]);
  assert.deepEqual(fromNone.sources.get('routes'), [source('user')]);
  assert.deepEqual(merge([added], { routes: [EVERYTHING] }).policy.routes, [EVERYTHING, A]);
});

test('files of routes are lists after the merge, replaced or added like routes', () => {
  const files = (...layers: PolicyLayer[]): readonly string[] =>
    merge(layers, { routes_file: '/all', no_routes_file: null }).files.routes_file;
  assert.deepEqual(files(), ['/all']);
  assert.deepEqual(files(layer('group', { routes: [A] })), ['/all']);
  assert.deepEqual(files(layer('group', { routes_file: '/g' })), ['/g']);
  assert.deepEqual(files(layer('group', { routes_file: null })), []);
  const added = layer('group', { append_routes: true, routes_file: '/g' });
  assert.deepEqual(files(added, layer('user', { routes_file: '/all' })), ['/all', '/g']);
});

test('what the merge uses up is not in the policy', () => {
  const { policy } = merge([layer('user', { append_routes: true, routes_file: '/f' })]);
  for (const key of ['append_routes', 'routes_file', 'no_routes_file'])
    assert.equal(key in policy, false, key);
});

test('any layers merge as a naive model says, and none of them is changed', () => {
  fc.assert(
    fc.property(fc.array(anyLayer, { maxLength: 5 }), anyValues, (layers, base) => {
      const before = structuredClone(layers);
      const { policy, append_routes, sources } = merge(layers, base);
      assert.deepEqual(layers, before);
      const all = [layer('policy', base), ...layers];
      for (const key of ['banner', 'mtu', 'udp', 'dns'] as const) {
        const last = all.findLast(({ values }) => values[key] !== undefined);
        assert.deepEqual(policy[key], (last?.values ?? complete)[key] ?? complete[key]);
        assert.deepEqual(sources.get(key), [last?.source ?? { kind: 'policy' }]);
      }
      for (const key of ['routes', 'no_routes'] as const) {
        assert.deepEqual(policy[key].map(formatCidr), naiveRoutes(all, key));
      }
      const said = all.findLast(({ values }) => values.append_routes !== undefined);
      assert.equal(append_routes, said?.values.append_routes ?? false);
    }),
  );
});

test('of several groups the first that has a section counts', () => {
  const sections = new Map([
    ['staff', 1],
    ['guests', 2],
  ]);
  assert.equal(groupWithSection(['all', 'guests', 'staff'], sections), 'guests');
  assert.equal(groupWithSection(['all'], sections), '');
  assert.equal(groupWithSection([], sections), '');
});

/** From the top down: what a layer has, and below it more while it adds. */
function naiveRoutes(layers: readonly PolicyLayer[], key: 'routes' | 'no_routes'): string[] {
  const adds = (index: number): boolean =>
    layers.slice(0, index + 1).findLast(({ values }) => values.append_routes !== undefined)?.values
      .append_routes === true;
  const from = layers.findLastIndex(({ values }, index) => values[key] && !adds(index));
  const counted = layers.slice(Math.max(from, 0)).flatMap(({ values }) => values[key] ?? []);
  return [...new Set(counted.map(formatCidr))];
}

const complete: PolicyKeys = { ...policy, append_routes: false };

const merge = (layers: readonly PolicyLayer[], base: Partial<PolicyKeys> = {}) =>
  mergePolicy({ source: { kind: 'policy' }, values: { ...complete, ...base } }, layers);

const SOURCES: Readonly<Record<PolicySource['kind'], PolicySource>> = {
  policy: { kind: 'policy' },
  vhost: { kind: 'vhost', name: 'h' },
  group: { kind: 'group', name: 'g' },
  user: { kind: 'user', name: 'u' },
  backend: { kind: 'backend' },
};

const source = (kind: PolicySource['kind']): PolicySource => SOURCES[kind];

const layer = (kind: PolicySource['kind'], values: Partial<PolicyKeys>): PolicyLayer => ({
  source: source(kind),
  values,
});

const anyNetworks = fc.uniqueArray(fc.constantFrom(A, B, C, EVERYTHING), {
  selector: formatCidr,
});
const anyValues = fc.record(
  {
    banner: fc.constantFrom('', 'a', 'b'),
    mtu: fc.constantFrom(0, 1300, 1400),
    udp: fc.boolean(),
    dns: fc.constantFrom([], [A.address], [B.address, C.address]),
    append_routes: fc.boolean(),
    routes: anyNetworks,
    no_routes: anyNetworks,
  },
  { requiredKeys: [], noNullPrototype: true },
);
const anyLayer = fc
  .tuple(fc.constantFrom('vhost', 'group', 'user', 'backend'), anyValues)
  .map(([kind, values]) => layer(kind, values));

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed.network;
}
