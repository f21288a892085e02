import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { burnRecovery, parseOtp, putOtp, removeOtp } from '../../../../server/auth/otp_lines.ts';
import type { OtpEntry, OtpTable } from '../../../../server/auth/otp_lines.ts';

const SECRET = Buffer.from('12345678901234567890');
const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const HEX = SECRET.toString('hex');
const TOKEN = { kind: 'totp', algorithm: 'sha1', digits: 6, periodS: 30 } as const;

test('lines of our own: a secret, parameters, recovery codes', () => {
  const { entries, problems, liboath } = parse(
    '# people',
    '',
    `alice:${BASE32}`,
    `bob:${BASE32.toLowerCase().replace(/(.{4})/g, '$1 ')}:digits=8, period=60,algorithm=SHA256`,
    `carl:${BASE32}::hash1,hash2\r`,
  );
  assert.deepEqual([problems, liboath], [[], false]);
  assert.deepEqual(
    [...entries.values()].map((entry) => ({ ...entry, token: plain(entry) })),
    [
      { name: 'alice', token: { ...TOKEN, secret: HEX }, recovery: [] },
      {
        name: 'bob',
        token: { ...TOKEN, secret: HEX, algorithm: 'sha256', digits: 8, periodS: 60 },
        recovery: [],
      },
      { name: 'carl', token: { ...TOKEN, secret: HEX }, recovery: ['hash1', 'hash2'] },
    ],
  );
});

test("lines of liboath's users file", () => {
  const { entries, problems, liboath } = parse(
    `HOTP\talice\t-\t${HEX}`,
    `HOTP/E/8 bob + ${HEX} 5`,
    `HOTP/E  carl  -  ${HEX.toUpperCase()}  25  396619  2026-11-21T20:29:29L`,
    `HOTP/T30 dora - ${HEX}`,
    `  HOTP/T60/7 eve:x - ${HEX} 0 276999 2026-11-21T20:29:29L`,
  );
  assert.deepEqual([problems, liboath], [[], true]);
  const hotp = { kind: 'hotp', algorithm: 'sha1', digits: 6, secret: HEX };
  assert.deepEqual(
    [...entries.values()].map((entry) => [entry.name, plain(entry)]),
    [
      ['alice', { ...hotp, base: 0, first: 0 }],
      ['bob', { ...hotp, digits: 8, base: 5, first: 5 }],
      ['carl', { ...hotp, base: 25, first: 26 }],
      ['dora', { ...TOKEN, secret: HEX }],
      ['eve:x', { ...TOKEN, secret: HEX, digits: 7, periodS: 60 }],
    ],
  );
});

test('what cannot be read is skipped and told by its number, never with what is in it', () => {
  const wrong = [
    'alice',
    'alice:',
    'alice:not base 32 0189',
    `:${BASE32}`,
    `alice:${BASE32}:digits=9`,
    `alice:${BASE32}:digits=6.5`,
    `alice:${BASE32}:period=0`,
    `alice:${BASE32}:period=3601`,
    `alice:${BASE32}:algorithm=md5`,
    `alice:${BASE32}:algorithm=constructor`,
    `alice:${BASE32}:colour=red`,
    `alice:${BASE32}::x:y`,
    `HOTP/X alice - ${HEX}`,
    `HOTP/T45 alice - ${HEX}`,
    `HOTP/E/9 alice - ${HEX}`,
    `HOTP alice 1234 ${HEX}`,
    'HOTP alice -',
    'HOTP alice - 123',
    'HOTP alice - xyzw',
    `HOTP alice - ${HEX} many`,
    `HOTP alice - ${HEX} 99999999999999999999`,
  ];
  for (const line of wrong) {
    const { entries, problems } = parse('# first', line);
    assert.equal(entries.size, 0, line);
    assert.deepEqual(
      problems.map((problem) => problem.line),
      [2],
      line,
    );
    assert.ok(!problems.some(({ reason }) => /GEZD|3132|1234|xyzw/.test(reason)), line);
  }
});

test('of two lines with one name the first counts', () => {
  const { entries, problems } = parse(`alice:${BASE32}:digits=8`, `alice:${BASE32}`);
  assert.equal(entries.get('alice')?.token.digits, 8);
  assert.deepEqual(problems, [{ line: 2, reason: 'repeats a name: the first line counts' }]);
});

test('a new person goes to the end, a known one stays in place, and no other byte changes', () => {
  const entry = { name: 'bøb', token: { ...TOKEN, secret: SECRET }, recovery: ['h1', 'h2'] };
  const others = Buffer.concat([Buffer.from(`# caf\xe9\nalice:${BASE32}`, 'latin1')]);
  const added = putOtp(others, entry);
  const line = Buffer.from(`bøb:${BASE32}::h1,h2\n`);
  assert.deepEqual(added, Buffer.concat([others, Buffer.from('\n'), line]));
  const changed = putOtp(added, { ...entry, recovery: [], token: { ...entry.token, digits: 8 } });
  const shorter = Buffer.from(`bøb:${BASE32}:digits=8\n`);
  assert.deepEqual(changed, Buffer.concat([others, Buffer.from('\n'), shorter]));
});

test('any entry is read back as it was written', () => {
  const entries = fc.record({
    name: fc.stringMatching(/^[a-z][a-zé@. -]{0,20}[a-z]$/),
    recovery: fc.array(fc.stringMatching(/^[\w-]{22}$/)),
    token: fc.record({
      kind: fc.constant('totp' as const),
      secret: fc.uint8Array({ minLength: 1, maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      algorithm: fc.constantFrom('sha1' as const, 'sha256' as const, 'sha512' as const),
      digits: fc.constantFrom(6, 7, 8),
      periodS: fc.integer({ min: 1, max: 3600 }),
    }),
  });
  const property = fc.property(entries, (entry) => {
    const { entries: read, problems } = parseOtp(putOtp(Buffer.from('# x\n'), entry));
    assert.deepEqual(problems, []);
    const again = read.get(entry.name);
    assert.ok(again !== undefined);
    assert.deepEqual({ ...again, token: plain(again) }, { ...entry, token: plain(entry) });
  });
  fc.assert(property);
});

test('any bytes at all are parsed without an error', () => {
  const line = fc.oneof(
    fc.string(),
    fc.stringMatching(/^HOTP(\/[ET][0-9]{0,3}){0,2}( [a-z0-9+-]{0,5}){0,6}$/),
    fc.stringMatching(/^[a-z]{0,3}(:[a-zA-Z2-7=,]{0,12}){0,5}$/),
  );
  fc.assert(fc.property(fc.array(line), (lines) => void parse(...lines)));
});

test('a recovery code burns once and only for its owner', () => {
  const file = Buffer.from(`alice:${BASE32}::h1,h2,h3\nbob:${BASE32}::h2\n`);
  const burned = burnRecovery(file, 'alice', 'h2');
  assert.equal(burned?.toString(), `alice:${BASE32}::h1,h3\nbob:${BASE32}::h2\n`);
  assert.equal(burnRecovery(burned, 'alice', 'h2'), null);
  assert.equal(burnRecovery(burned, 'carl', 'h2'), null);
  assert.equal(
    burnRecovery(burned, 'bob', 'h2')?.toString(),
    `alice:${BASE32}::h1,h3\nbob:${BASE32}\n`,
  );
});

test('a person is removed with every line of theirs, broken ones too', () => {
  const file = Buffer.from(`alice:${BASE32}\nbob:${BASE32}\nalice:broken!\n#alice:x\n`);
  assert.equal(removeOtp(file, 'alice')?.toString(), `bob:${BASE32}\n#alice:x\n`);
  assert.equal(removeOtp(file, 'carl'), null);
});

const parse = (...lines: string[]): OtpTable => parseOtp(Buffer.from(lines.join('\n')));

const plain = ({ token }: OtpEntry): unknown => ({
  ...token,
  secret: Buffer.from(token.secret).toString('hex'),
});
