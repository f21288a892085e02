import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../../../config/loader.ts';
import { parseDuration, parseRate, parseSize } from '../../../config/quantities.ts';

test('durations are written with days, hours, minutes and seconds', () => {
  assert.equal(parseDuration('90s'), 90_000);
  assert.equal(parseDuration('5m'), 300_000);
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('2d'), 172_800_000);
  assert.equal(parseDuration('1d1h1m1s'), 90_061_000);
  assert.equal(parseDuration('0s'), 0);
});

test('0 without quotes is a duration, too', () => {
  const result = loadConfig('policy.dpd = 0', 'f');
  assert.ok(result.ok);
  assert.equal(result.config.policy.dpd, 0);
});

test('what is nearly a duration is none', () => {
  for (const text of [
    '',
    '5',
    's',
    '5 m',
    '-5m',
    '1.5h',
    '30m1h',
    '5m5m',
    '5M',
    '5ms',
    '1w',
    ' 5m',
  ])
    assert.equal(parseDuration(text), undefined, text);
});

test('any duration is the sum of its parts', () => {
  const part = fc.nat(9999);
  fc.assert(
    fc.property(part, part, part, part, (d, h, m, s) => {
      const seconds = ((d * 24 + h) * 60 + m) * 60 + s;
      assert.equal(parseDuration(`${d}d${h}h${m}m${s}s`), seconds * 1000);
    }),
  );
});

test('sizes count in 1024s and rates in 1000s', () => {
  assert.equal(parseSize('64KiB'), 65_536);
  assert.equal(parseSize('5B'), 5);
  assert.equal(parseSize('100GiB'), 100 * 1024 ** 3);
  assert.equal(parseRate('50Mbit'), 50_000_000);
  assert.equal(parseRate('1Gbit'), 1_000_000_000);
  for (const text of ['', '64', 'KiB', '64KB', '64kib', '-1B', '999999999TiB'])
    assert.equal(parseSize(text), undefined, text);
  for (const text of ['', '50', '50MBit', '50Mbit/s'])
    assert.equal(parseRate(text), undefined, text);
});
