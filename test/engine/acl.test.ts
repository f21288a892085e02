// The engine's verdict on packets against the policy itself, rule by rule: core/policy/acl.ts is the
// model, the program that acl_program.ts makes for the engine is what is tested.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bitsOf, encodeIp, networkOf } from '../../core/net/address.ts';
import type { Cidr, Family, IpAddress } from '../../core/net/address.ts';
import { judge } from '../../core/policy/acl.ts';
import type { AclPacket } from '../../core/policy/acl.ts';
import { compileAcl } from '../../core/policy/acl_program.ts';
import { ACL_PROTOCOLS, isOfFamily, parseAclRule } from '../../core/policy/acl_rule.ts';
import type { AclRule } from '../../core/policy/acl_rule.ts';
import type { PolicyLists } from '../../core/policy/policy.ts';
import { system } from '../../native/system.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { testAddon } from './harness/test_addon.ts';
import { VpnClient } from './harness/vpn_client.ts';
import { DATA, ipv4Packet } from './harness/cstp.ts';
import { until } from './harness/until.ts';

const rule = (text: string): AclRule => {
  const parsed = parseAclRule(text);
  return 'mistake' in parsed ? assert.fail(parsed.mistake) : parsed;
};

const native = system();
const NOBODY = { networks: [], servers: [] };
const OPEN: PolicyLists = {
  routes: [],
  no_routes: [],
  enforce_routes: false,
  allow: [],
  deny: [],
  client_to_client: true,
  dns: [],
  nbns: [],
};

// Few addresses, ports and protocols, so that rules and packets meet.
const BASES: Readonly<Record<Family, bigint>> = { 4: 0x0a000000n, 6: 0xfd00n << 112n };
const address = fc
  .record({ family: fc.constantFrom<Family>(4, 6), offset: fc.bigInt(0n, 31n) })
  .map(({ family, offset }): IpAddress => ({ family, value: BASES[family] + offset }));
const network = fc
  .record({ host: address, hostBits: fc.constantFrom(0, 1, 2, 3, 5, 8, 128) })
  .map(({ host, hostBits }): Cidr => {
    const bits = bitsOf(host.family);
    return networkOf(host, bits - Math.min(bits, hostBits));
  });
const port = fc.integer({ min: 0, max: 6 });
const ranges = fc.array(
  fc.tuple(port, port).map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) })),
  { maxLength: 2 },
);
const anyRule: fc.Arbitrary<AclRule> = fc
  .record({
    protocol: fc.constantFrom('tcp', 'udp', 'sctp', 'icmp', 'icmpv6', 'esp', null),
    ports: ranges,
    network: fc.option(network),
  })
  .map(({ protocol, ports, network }): AclRule => {
    const hasPorts = protocol === 'tcp' || protocol === 'udp' || protocol === 'sctp';
    return { protocol, ports: hasPorts ? ports : [], network };
  })
  .filter((made) => isOfFamily(made, 4) || isOfFamily(made, 6));
const policy: fc.Arbitrary<PolicyLists> = fc.record({
  routes: fc.array(network, { maxLength: 4 }),
  no_routes: fc.array(network, { maxLength: 3 }),
  enforce_routes: fc.boolean(),
  allow: fc.array(anyRule, { maxLength: 6 }),
  deny: fc.array(anyRule, { maxLength: 4 }),
  client_to_client: fc.constant(true),
  dns: fc.array(address, { maxLength: 1 }),
  nbns: fc.constant([]),
});
const packet: fc.Arbitrary<AclPacket> = fc.record({
  destination: address,
  protocol: fc.constantFrom(...Object.values(ACL_PROTOCOLS), 2),
  port: fc.option(port),
});

const HAVE_PORTS: readonly number[] = [6, 17, 132];

/** The packet as bytes; one without a port is a fragment, if its protocol has ports. */
function encode({ destination, protocol, port }: AclPacket): Uint8Array {
  const payload = Buffer.alloc(8);
  payload.writeUInt16BE(port ?? 0, 2);
  const later = port === null && HAVE_PORTS.includes(protocol);
  if (destination.family === 4) {
    const header = Buffer.alloc(20);
    header[0] = 0x45;
    header.writeUInt16BE(28, 2);
    header.writeUInt16BE(later ? 5 : 0, 6);
    header[9] = protocol;
    header.set(encodeIp(destination), 16);
    return Buffer.concat([header, payload]);
  }
  const fragment = Buffer.from([protocol, 0, 0, later ? 8 : 0, 0, 0, 0, 0]);
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(16, 4);
  header[6] = 44;
  header.set(encodeIp(destination), 24);
  return Buffer.concat([header, fragment, payload]);
}

test('the engine says to every packet what the policy says (fast-check)', () => {
  fc.assert(
    fc.property(policy, fc.array(packet, { minLength: 30, maxLength: 60 }), (lists, packets) => {
      const program = compileAcl(lists) ?? assert.fail('too large');
      const verdicts = testAddon.judgePackets(program, packets.map(encode));
      const wanted = packets.map((one) => Number(judge(lists, NOBODY, one).allowed));
      assert.deepEqual(verdicts, wanted);
    }),
    { numRuns: 1000 },
  );
});

test('the ends of all networks of a long list are on the right side', () => {
  const routes = Array.from({ length: 5000 }, (_, index) =>
    networkOf({ family: 4, value: 0x0a000000n + (BigInt(index) << 10n) }, 24 - (index % 2)),
  );
  const lists = { ...OPEN, enforce_routes: true, routes };
  const program = compileAcl(lists) ?? assert.fail('too large');
  const packets = routes
    .slice(0, 1000)
    .flatMap(({ address: { value }, prefix }) =>
      [
        value - 1n,
        value,
        value + (1n << BigInt(32 - prefix)) - 1n,
        value + (1n << BigInt(32 - prefix)),
      ].map((value): AclPacket => ({ destination: { family: 4, value }, protocol: 6, port: 443 })),
    );
  assert.deepEqual(
    testAddon.judgePackets(program, packets.map(encode)),
    packets.map((one) => Number(judge(lists, NOBODY, one).allowed)),
  );
});

test('what rules forbid is dropped and counted, what they allow goes inside', async () => {
  using rig = await EngineRig.start();
  const lists = { ...OPEN, allow: [rule('10.77.0.1/32')], deny: [rule('icmp')] };
  rig.engine.defineAcl(5, compileAcl(lists) ?? assert.fail('too large'));
  using client = await VpnClient.connect(rig, { inside4: [10, 77, 0, 2], acl: 5 });
  // Known to tunnels that are up, whatever happens to the number.
  rig.engine.forgetAcl(5);
  client.send(DATA, ipv4Packet([10, 77, 0, 2], [10, 77, 0, 9]));
  client.send(DATA, ipv4Packet([10, 77, 0, 2], [10, 77, 0, 1]));
  const [arrived] = await rig.packetsInside(1);
  assert.deepEqual(arrived?.subarray(16, 20), Buffer.from([10, 77, 0, 1]));
  await until('the count', () => rig.engine.readTunnel(client.tunnel)?.deniedPackets === 1);
  assert.equal(rig.engine.readTunnel(client.tunnel)?.droppedPackets, 0);
});

test('a tunnel never opens without the rules that it is to have', async () => {
  using rig = await EngineRig.start();
  assert.throws(() => rig.engine.defineAcl(1, Buffer.from('no program')), /program/);
  const params = { acl: 1 } as unknown as Parameters<typeof rig.engine.openTunnel>[0];
  assert.throws(() => rig.engine.openTunnel(params));
});

test('between an isolated client and others nothing passes, in either direction', async (t) => {
  const owners = native.createOwners(16);
  t.after(() => native.closeFd(owners));
  for (const last of [2, 3]) native.setOwner(owners, Uint8Array.of(10, 77, 0, last), 0, 0);
  using rig = await EngineRig.start({ owners });
  using client = await VpnClient.connect(rig, { inside4: [10, 77, 0, 2], isolated: true });
  using other = await VpnClient.connect(rig, { inside4: [10, 77, 0, 3] });
  const own = [10, 77, 0, 2];
  client.send(DATA, ipv4Packet(own, [10, 77, 0, 3]));
  client.send(DATA, ipv4Packet(own, [10, 77, 0, 1]));
  const [arrived] = await rig.packetsInside(1);
  assert.deepEqual(arrived?.subarray(16, 20), Buffer.from([10, 77, 0, 1]));
  rig.writeTun(ipv4Packet([10, 77, 0, 3], own));
  const answer = ipv4Packet([10, 77, 0, 1], own);
  rig.writeTun(answer);
  assert.deepEqual(await client.next(DATA), answer);
  assert.equal(rig.engine.readTunnel(client.tunnel)?.deniedPackets, 2);
  // The others may meet: they are not isolated.
  const hello = ipv4Packet([10, 77, 0, 4], [10, 77, 0, 3]);
  rig.writeTun(hello);
  assert.deepEqual(await other.next(DATA), hello);
});
