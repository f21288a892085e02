import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  nameProblem,
  parsePasswd,
  putUser,
  removeUser,
  replaceHash,
  setLocked,
} from '../../../../server/auth/passwd_lines.ts';

test('names, groups, locks and hashes are read as ocpasswd writes them', () => {
  const { entries, problems } = parse(
    '# comment\n\nalice:*:$5$salt$hash\nbob:a,b:!$6$salt$hash\r\ncarl::$y$j9T$salt$hash\n',
  );
  assert.deepEqual(problems, []);
  const seen = [...entries.values()].map(({ name, groups, locked, hash }) => [
    name,
    groups.join(),
    locked,
    hash?.kind,
  ]);
  assert.deepEqual(seen, [
    ['alice', '', false, 'crypt'],
    ['bob', 'a,b', true, 'crypt'],
    ['carl', '', false, 'crypt'],
  ]);
});

test('lines that are not entries are named by number and let nobody in', () => {
  const { entries, problems } = parse(
    'alice\nalice:*\n:*:$5$s$h\na:b:c:d\nbob:*:plain\nbob:*:$5$s$h\n carl:*:$5$s$h\n',
  );
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assert.deepEqual([...entries.keys()], ['bob']);
  assert.equal(entries.get('bob')?.hash, null);
});

test('accounts without a password are no mistake', () => {
  const { entries, problems } = parse('a:*:\nb:*:*\nc:*:!\nd:*:!!\ne:*:x\n');
  assert.deepEqual(problems, []);
  assert.ok([...entries.values()].every(({ hash }) => hash === null));
});

test('a name that is not UTF-8 is malformed, and its bytes survive an edit', () => {
  const bytes = Buffer.concat([Buffer.from([0x6a, 0xf6, 0xff]), Buffer.from(':*:$5$s$h\n')]);
  assert.equal(parsePasswd(bytes).problems.length, 1);
  const edited = putUser(bytes, { name: 'jörg', hash: '$5$s$h' });
  assert.deepEqual(edited.subarray(0, bytes.length), bytes);
  assert.equal(parsePasswd(edited).entries.get('jörg')?.name, 'jörg');
});

test('a user is added behind a last line that has no end', () => {
  assert.equal(put('', 'bob'), 'bob:*:$5$n$n\n');
  assert.equal(put('alice:*:$5$s$h', 'bob'), 'alice:*:$5$s$h\nbob:*:$5$n$n\n');
  assert.equal(put('alice:*:$5$s$h\n', 'bob'), 'alice:*:$5$s$h\nbob:*:$5$n$n\n');
});

test('a changed line keeps its lock, its groups and its carriage return', () => {
  assert.equal(put('bob: a, b :!$5$s$h\r\n', 'bob'), 'bob: a, b :!$5$n$n\r\n');
  assert.equal(put('bob:a:$5$s$h\n', 'bob', []), 'bob:*:$5$n$n\n');
  assert.equal(put('bob:a:$5$s$h\n', 'bob', ['c', 'd']), 'bob:c,d:$5$n$n\n');
});

test('a hash is replaced only where it is still the old one', () => {
  const bytes = Buffer.from('alice:*:$5$s$h\nbob:*:$5$s$h\n');
  const change = { name: 'bob', oldHash: '$5$s$h', newHash: 'new' };
  assert.equal(String(replaceHash(bytes, change)), 'alice:*:$5$s$h\nbob:*:new\n');
  assert.equal(replaceHash(bytes, { ...change, oldHash: '$5$other$h' }), null);
  assert.equal(replaceHash(bytes, { ...change, name: 'carl' }), null);
});

test('no edit of one user changes a byte of any other line', () => {
  const line = fc.oneof(
    fc.constantFrom('', '#bob:*:$5$s$h', 'alice:a:$5$s$h', 'bobby:*:!$5$s$h', 'bob', 'x:y', '\r'),
    fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\n', '')),
  );
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(text, fc.nat(12), (others, at) => {
      const rest = others.split('\n').filter((other) => !/^bob:[^:]*:[^:]*$/.test(other));
      const bytes = Buffer.from(rest.toSpliced(at, 0, 'bob:*:$5$s$h').join('\n'));
      const keptBy = (edited: Buffer | null): string[] =>
        String(edited)
          .replace(/\n$/, '')
          .split('\n')
          .filter((other) => !/^bob:\*:!?\$/.test(other));
      const expected = rest.join('\n').replace(/\n$/, '').split('\n');
      const same = (edited: Buffer | null): void =>
        assert.equal(keptBy(edited).join('\n').trimEnd(), expected.join('\n').trimEnd());
      same(putUser(bytes, { name: 'bob', hash: '$5$n$n' }));
      same(replaceHash(bytes, { name: 'bob', oldHash: '$5$s$h', newHash: '$5$n$n' }));
      same(setLocked(bytes, 'bob', true));
      same(removeUser(bytes, 'bob'));
    }),
  );
});

test('a name that could not be read back is refused before it is written', () => {
  assert.match(nameProblem('\ufffd!') ?? '', /unreadable/);
});

test('what is put can be read back, whatever its name and groups', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const name = word.filter((text) => nameProblem(text) === null && text.isWellFormed());
  const group = name.filter((text) => !text.includes(',') && text !== '*');
  fc.assert(
    fc.property(name, fc.uniqueArray(group, { maxLength: 3 }), (user, groups) => {
      const bytes = putUser(Buffer.from('# x\nzed:*:*\n'), { name: user, groups, hash: '$5$s$h' });
      const entry = parsePasswd(bytes).entries.get(user);
      assert.equal(entry?.hashText, '$5$s$h');
      if (user !== 'zed') assert.deepEqual(entry.groups, groups);
    }),
  );
});

const parse = (text: string) => parsePasswd(Buffer.from(text));

const put = (text: string, name: string, groups?: string[]): string =>
  String(putUser(Buffer.from(text), { name, groups, hash: '$5$n$n' }));
