import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  readAll,
  readOid,
  readSerial,
  readText,
  readTime,
  readWhole,
} from '../../../../core/x509/der.ts';
import type { Der } from '../../../../core/x509/der.ts';

test('lengths of one, two and three bytes are read, those that DER forbids are not', () => {
  const value = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);
  const long = (header: readonly number[], length: number): number =>
    readWhole(value(0x04, ...header, ...new Array<number>(length).fill(7)), 0x04).content.length;
  assert.equal(long([5], 5), 5);
  assert.equal(long([0x81, 200], 200), 200);
  assert.equal(long([0x82, 1, 44], 300), 300);
  for (const bad of [[], [4], [4, 1], [4, 0x80, 0, 0], [4, 0x85, 0, 0, 0, 0, 1, 1], [0x1f, 1, 1]]) {
    assert.throws(() => readWhole(value(...bad), 4));
  }
  assert.throws(() => readWhole(value(4, 1, 1, 4, 1, 1), 4), /no single value/);
});

test('an OID is read with zero, large and doubled arcs', () => {
  assert.equal(readOid(der(6, [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d])), '1.2.840.113549');
  assert.equal(readOid(der(6, [0x55, 4, 3])), '2.5.4.3');
  assert.equal(readOid(der(6, [0x88, 0x37, 0])), '2.999.0');
  assert.throws(() => readOid(der(6, [0x2a, 0x86])));
  assert.throws(() => readOid(der(6, new Array<number>(20).fill(0xff))));
  assert.throws(() => readOid(der(4, [0x2a])));
});

test('times are read in both forms, with the century that RFC 5280 gives them', () => {
  const time = (tag: number, text: string): number => readTime(der(tag, [...Buffer.from(text)]));
  assert.equal(time(0x17, '260102030405Z'), Date.UTC(2026, 0, 2, 3, 4, 5));
  assert.equal(time(0x17, '500102030405Z'), Date.UTC(1950, 0, 2, 3, 4, 5));
  assert.equal(time(0x18, '20510102030405Z'), Date.UTC(2051, 0, 2, 3, 4, 5));
  assert.throws(() => time(0x17, '20510102030405Z'));
  assert.throws(() => time(0x18, '20510102030405+0100'));
  assert.throws(() => time(0x04, '260102030405Z'));
});

test('a serial number has no leading zero byte, whatever its sign', () => {
  assert.equal(readSerial(der(2, [0, 0xff, 1])), 'ff01');
  assert.equal(readSerial(der(2, [0])), '00');
  assert.throws(() => readSerial(der(2, [])));
});

test('texts are read by their type; damaged ones and other types are none', () => {
  assert.equal(readText(der(0x0c, [0xc3, 0xa9])), 'é');
  assert.equal(readText(der(0x0c, [0xc3])), undefined);
  assert.equal(readText(der(0x16, [0x61])), 'a');
  assert.equal(readText(der(0x16, [0xe9])), undefined);
  assert.equal(readText(der(0x14, [0xe9])), 'é');
  assert.equal(readText(der(0x1e, [0x01, 0x41])), 'Ł');
  assert.equal(readText(der(0x1e, [0x01])), undefined);
  assert.equal(readText(der(0x04, [0x61])), undefined);
});

test('any bytes are read to their end or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        const total = readAll(bytes).reduce((sum, { whole }) => sum + whole.length, 0);
        assert.equal(total, bytes.length);
      } catch (error) {
        assert.match(String(error), /cut off|DER has not/);
      }
    }),
  );
});

function der(tag: number, content: readonly number[]): Der {
  const bytes = Uint8Array.from(content);
  return { tag, content: bytes, whole: bytes };
}
