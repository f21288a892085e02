import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { authorizationOf, replyMessage } from '../../../../core/radius/authorization.ts';
import { verifyReply } from '../../../../core/radius/authenticity.ts';
import {
  decodePacket,
  encodePacket,
  trimPacket,
  valueOffsets,
} from '../../../../core/radius/packet.ts';
import type { Attribute, Packet } from '../../../../core/radius/packet.ts';
import { SECRET, digests, hex, reply } from './fixture.ts';

const value = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const attribute: fc.Arbitrary<Attribute> = fc.oneof(
  fc.record({
    vendor: fc.constant(0),
    type: fc.nat(255).filter((type) => type !== 26),
    value: value(253),
  }),
  fc.record({
    vendor: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    type: fc.nat(255),
    value: value(247),
  }),
);
const packet: fc.Arbitrary<Packet> = fc.record({
  code: fc.nat(255),
  identifier: fc.nat(255),
  authenticator: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  attributes: fc.array(attribute, { maxLength: 15 }),
});

test('what is encoded decodes to the same, with and without padding', () => {
  fc.assert(
    fc.property(packet, value(40), (original, padding) => {
      const encoded = encodePacket(original);
      const decoded = decodePacket(Buffer.concat([encoded, padding]));
      assert.deepEqual(plain(decoded), plain(original));
    }),
  );
});

test('every cut of a packet is refused', () => {
  fc.assert(
    fc.property(packet, fc.nat(), (original, cut) => {
      const encoded = encodePacket(original);
      assert.equal(decodePacket(encoded.subarray(0, cut % encoded.length)), undefined);
    }),
  );
});

test('lengths that do not add up are refused', () => {
  const head = '02 00 0016 00000000000000000000000000000000';
  assert.ok(decodePacket(hex(`${head} 0102`)));
  assert.equal(decodePacket(hex(`${head} 0101`)), undefined, 'an attribute of length 1');
  assert.equal(decodePacket(hex(`${head} 0103`)), undefined, 'an attribute past the end');
  assert.equal(decodePacket(hex(`${head} 01`)), undefined, 'a packet shorter than it says');
  assert.equal(decodePacket(hex('02 00 0013 00000000000000000000000000000000')), undefined);
  assert.equal(decodePacket(Buffer.concat([hex('02 00 1001'), Buffer.alloc(5000)])), undefined);
});

test("a vendor's attribute that is no list is left out, the packet is taken", () => {
  const head = '02 00 001e 00000000000000000000000000000000';
  assert.deepEqual(decodePacket(hex(`${head} 1a0a 00000137 1c05 0a00`))?.attributes, []);
  const [dns] = decodePacket(hex(`${head} 1a0a 00000137 1c04 0a00`))?.attributes ?? [];
  assert.deepEqual([dns?.vendor, dns?.type, dns?.value.length], [311, 28, 2]);
  assert.deepEqual(decodePacket(hex(`${head} 1a0a 00000000 0104 6162`))?.attributes, []);
});

test('whatever comes off the wire is read without an error', () => {
  const request = { identifier: 7, authenticator: new Uint8Array(16), bytes: new Uint8Array() };
  const rules = { secret: SECRET, requireMessageAuthenticator: false };
  const survive = (received: Uint8Array): void => {
    const decoded = decodePacket(received);
    assert.equal(decoded === undefined, trimPacket(received) === undefined);
    if (decoded !== undefined) {
      valueOffsets(trimPacket(received) ?? received, 80);
      authorizationOf(decoded.attributes);
      replyMessage(decoded.attributes);
    }
    verifyReply(received, request, rules, digests);
  };
  fc.assert(fc.property(value(600), survive), { numRuns: 2000 });
  fc.assert(
    fc.property(
      fc.array(attribute, { maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      (attributes, changes) => {
        const received = reply(2, request, attributes);
        for (const [at, byte] of changes) received[at % received.length] = byte;
        survive(received);
      },
    ),
    { numRuns: 2000 },
  );
});

test('what fits in no packet is our own bug', () => {
  const long = { vendor: 0, type: 18, value: new Uint8Array(254) };
  const base = { code: 1, identifier: 0, authenticator: new Uint8Array(16) };
  assert.throws(() => encodePacket({ ...base, attributes: [long] }), RangeError);
  const many = Array.from({ length: 17 }, () => ({ ...long, value: new Uint8Array(253) }));
  assert.throws(() => encodePacket({ ...base, attributes: many }), RangeError);
});

/** Buffers and plain arrays alike. */
const plain = (decoded: Packet | undefined): unknown =>
  decoded && {
    ...decoded,
    authenticator: [...decoded.authenticator],
    attributes: decoded.attributes.map((each) => ({ ...each, value: [...each.value] })),
  };
