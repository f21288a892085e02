import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasEnded, termWarning } from '../../../../core/x509/term.ts';
import type { Term } from '../../../../core/x509/term.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const FROM = Date.UTC(2026, 0, 1);

test('a certificate is spoken of 14 days before its end, and after it', () => {
  const term: Term = { what: 'certificate', path: '/c.pem', from: FROM, until: FROM + 90 * DAY };
  assert.equal(termWarning(term, FROM + 75 * DAY), undefined);
  assert.equal(
    termWarning(term, FROM + 77 * DAY),
    'the certificate /c.pem ends on 2026-04-01; renew it in time',
  );
  assert.match(termWarning(term, FROM + 90 * DAY) ?? '', /expired on 2026-04-01: clients will/);
});

test('a list is spoken of in the last quarter of its term, at most a week before its end', () => {
  const daily: Term = { what: 'revocation list', path: '/l', from: FROM, until: FROM + DAY };
  assert.equal(termWarning(daily, FROM + 17 * HOUR), undefined);
  assert.match(termWarning(daily, FROM + 19 * HOUR) ?? '', /ends on/);
  assert.match(termWarning(daily, FROM + 25 * HOUR) ?? '', /nobody can log in with a certificate/);
  const yearly: Term = { ...daily, until: FROM + 365 * DAY };
  assert.equal(termWarning(yearly, FROM + 357 * DAY), undefined);
  assert.match(termWarning(yearly, FROM + 359 * DAY) ?? '', /ends on/);
});

test('what has no end is never spoken of, but for a clock that is wrong', () => {
  const term: Term = { what: 'OCSP response', path: '/r', from: FROM, until: null };
  assert.equal(hasEnded(term, FROM + 10_000 * DAY), false);
  assert.equal(termWarning(term, FROM + 10_000 * DAY), undefined);
  assert.match(
    termWarning(term, FROM - 1) ?? '',
    /not valid before 2026-01-01; check this machine/,
  );
});
