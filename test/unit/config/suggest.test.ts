import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, nearest } from '../../../config/suggest.ts';

test('letters changed, dropped, added and swapped count one each', () => {
  assert.equal(editDistance('dns', 'dns'), 0);
  assert.equal(editDistance('dsn', 'dns'), 1);
  assert.equal(editDistance('dn', 'dns'), 1);
  assert.equal(editDistance('dnss', 'dns'), 1);
  assert.equal(editDistance('dos', 'dns'), 1);
  assert.equal(editDistance('', 'dns'), 3);
});

test('the nearest word wins, and a far one is not suggested', () => {
  const keys = ['keepalive', 'dpd', 'mobile_dpd', 'dns', 'nbns'];
  assert.equal(nearest('keep-alive', keys), 'keepalive');
  assert.equal(nearest('dsn', keys), 'dns');
  assert.equal(nearest('mobiledpd', keys), 'mobile_dpd');
  assert.equal(nearest('banner', keys), undefined);
  assert.equal(nearest<string>('anything', []), undefined);
});

test('the distance is a metric as far as suggestions need it', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance >= Math.abs(a.length - b.length));
      assert.ok(distance <= Math.max(a.length, b.length));
    }),
  );
});
