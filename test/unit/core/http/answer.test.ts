import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { headerValue, refusal, renderRefusal, unavailable } from '../../../../core/http/answer.ts';

test('a refusal states its length and closes', () => {
  assert.equal(
    renderRefusal(refusal(401, 'Authentication failed')),
    'HTTP/1.1 401 Authentication failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  );
  assert.match(renderRefusal(refusal(404, 'x', [], 'é\n')), /Content-Length: 3\r\n.*\r\n\r\né\n$/);
});

test('503 says why in X-Reason [oc 5.2]', () => {
  assert.match(renderRefusal(unavailable('full\r\nX: y')), /\r\nX-Reason: full X: y\r\n/);
});

test('no text leaves its header line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(headerValue(text), /[\p{Cc}\u2028\u2029]/u);
    }),
  );
});
