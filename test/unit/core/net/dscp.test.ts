import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDscp } from '../../../../core/net/dscp.ts';

test('names mean what the standards say [rfc2474, rfc2597, rfc3246, rfc5865, rfc8622]', () => {
  const values = {
    ...{ default: 0, cs0: 0, cs1: 8, cs5: 40, cs7: 56, le: 1, va: 44, ef: 46, EF: 46 },
    ...{ af11: 10, af12: 12, af13: 14, af21: 18, af33: 30, af41: 34, af43: 38 },
  };
  for (const [name, value] of Object.entries(values)) assert.equal(parseDscp(name), value, name);
});

test('numbers are decimal or hexadecimal, from 0 to 63', () => {
  for (const [text, value] of [
    ['0', 0],
    ['63', 63],
    ['0x2e', 46],
    ['0X3F', 63],
  ] as const)
    assert.equal(parseDscp(text), value, text);
});

test('anything else is none', () => {
  for (const text of ['', '64', '0x40', '-1', '1.5', '1e1', '046x', 'af14', 'af51', 'cs8', 'gold'])
    assert.equal(parseDscp(text), undefined, text);
});
