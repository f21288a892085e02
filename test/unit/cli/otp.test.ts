import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { otpCommand } from '../../../cli/otp.ts';
import type { OtpOptions } from '../../../cli/otp.ts';

const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

test('a person is enrolled when a code of the app is right, into a file that only its owner may read', async (t) => {
  const otp = new Otp(t);
  assert.equal(await otp.run({ user: 'alice' }, () => otp.shownCode()), 0);
  assert.match(otp.text(), /^alice:[A-Z2-7]{32}::[\w-]{22}(,[\w-]{22}){9}\n$/);
  assert.equal(statSync(otp.file).mode & 0o777, 0o600);
  assert.equal(otp.text().split(':')[1], otp.shownSecret());
  assert.equal(otp.errors, 'The code that the app shows now: ');
});

test('shown are a QR code, the secret in groups, the URI, and ten recovery codes that the file has not', async (t) => {
  const otp = new Otp(t);
  await otp.run({ user: 'alice', issuer: 'ACME VPN' }, () => otp.shownCode());
  const [secret = ''] = /(?<=^ {2})([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/m.exec(otp.output) ?? [];
  assert.equal(secret.replaceAll(' ', ''), otp.shownSecret());
  const uri = `otpauth://totp/ACME%20VPN:alice?secret=${otp.shownSecret()}&issuer=ACME%20VPN`;
  assert.ok(otp.output.includes(`\n${uri}\n`));
  const codes = otp.output.match(/\b[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}\b/g) ?? [];
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) assert.ok(!otp.text().includes(code));
  assert.ok(otp.qrCode().length > 15);
  const widths = new Set(otp.qrCode().map((line) => line.length));
  assert.equal(widths.size, 1, 'a square');
});

test('the QR code fits a terminal and has its own colours there', async (t) => {
  const otp = new Otp(t);
  await otp.run({ user: 'alice', confirm: false }, () => '', { tty: true });
  const lines = otp.output.split('\n').filter((line) => line.startsWith('\u001b[97;40m'));
  assert.ok(lines.length <= 23, `${lines.length} lines`);
  for (const line of lines) {
    assert.ok(line.endsWith('\u001b[0m'));
    assert.ok(line.length - 12 <= 80);
  }
});

test('without a right code nothing is written, and three may be tried', async (t) => {
  for (const typed of ['', '000000\n', '1\n2\n3\n', '000000\nabcd-efgh-2345\n\n287082\n']) {
    const otp = new Otp(t);
    assert.equal(await otp.run({ user: 'alice' }, () => typed), 1, JSON.stringify(typed));
    assert.match(otp.errors, /no code of the app was right, nothing changed\n$/);
    assert.throws(() => otp.text(), { code: 'ENOENT' });
    assert.ok(!/[a-z2-7]{4}-[a-z2-7]{4}-/.test(otp.output), 'no recovery codes for nothing');
  }
  const otp = new Otp(t);
  assert.equal(await otp.run({ user: 'alice' }, () => `1\n2\n${otp.shownCode()}\n`), 0);
});

test('with --no-confirm nobody is asked', async (t) => {
  const otp = new Otp(t);
  assert.equal(await otp.run({ user: 'alice', confirm: false }), 0);
  assert.match(otp.text(), /^alice:/);
  assert.equal(otp.errors, '');
});

test('a person who has a secret keeps it, unless another is asked for', async (t) => {
  const otp = new Otp(t, `bob:${BASE32}\nalice:${BASE32}\n`);
  assert.equal(await otp.run({ user: 'alice', confirm: false }), 1);
  assert.match(otp.errors, /alice has one-time passwords already; --replace gives a new secret/);
  assert.equal(otp.output, '', 'no secret is shown that would not count');
  assert.equal(await otp.run({ user: 'alice', confirm: false, replace: true }), 0);
  const [bob, alice] = otp.text().split('\n');
  assert.equal(bob, `bob:${BASE32}`);
  assert.equal(alice?.split(':')[1], otp.shownSecret());
});

test('whoever enrols the same person meanwhile wins', async (t) => {
  const otp = new Otp(t);
  const meanwhile = (): string => {
    writeFileSync(otp.file, `alice:${BASE32}\n`);
    return otp.shownCode();
  };
  assert.equal(await otp.run({ user: 'alice' }, meanwhile), 1);
  assert.equal(otp.text(), `alice:${BASE32}\n`);
});

test('new recovery codes take the place of the old and leave the secret', async (t) => {
  const otp = new Otp(t, `alice:${BASE32}:digits=8:old\n`);
  assert.equal(await otp.run({ user: 'alice', recovery: true }), 0);
  assert.match(otp.text(), /^alice:GEZ\w+:digits=8:[\w-]{22}(,[\w-]{22}){9}\n$/);
  assert.equal(otp.output.match(/[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}/g)?.length, 10);
  assert.ok(!otp.output.includes('GEZD'));
});

test('a person is taken out, and who is not in cannot be', async (t) => {
  const otp = new Otp(t, `alice:${BASE32}\nbob:${BASE32}\n`);
  assert.equal(await otp.run({ user: 'alice', delete: true }), 0);
  assert.equal(otp.text(), `bob:${BASE32}\n`);
  for (const action of [{ delete: true }, { recovery: true }]) {
    assert.equal(await otp.run({ user: 'alice', ...action }), 1);
    assert.match(otp.errors, /"alice" has no one-time passwords in/);
  }
});

test('the list has names, kinds and what is left of recovery codes, and no secret', async (t) => {
  const otp = new Otp(
    t,
    `alice:${BASE32}::h1,h2\nbroken\nbob:${BASE32}:digits=8,period=60,algorithm=sha512\n`,
  );
  assert.equal(await otp.run({ list: true }), 0);
  assert.equal(
    otp.output,
    'USER   KIND                                 RECOVERY CODES LEFT\n' +
      'alice  time-based (sha1, 6 digits, 30 s)    2\n' +
      'bob    time-based (sha512, 8 digits, 60 s)  0\n',
  );
  assert.equal(otp.errors, `${otp.file}:2: the line is not name:secret\n`);
});

test("liboath's file is listed and never changed", async (t) => {
  const content = 'HOTP alice - 3132333435363738393031323334353637383930\n';
  const otp = new Otp(t, content);
  assert.equal(await otp.run({ list: true }), 0);
  assert.match(otp.output, /alice {2}counted \(sha1, 6 digits\)/);
  for (const options of [
    { user: 'bob', confirm: false },
    { user: 'alice', delete: true },
    { user: 'alice', recovery: true },
    { user: 'alice', replace: true, confirm: false },
  ]) {
    assert.equal(await otp.run(options), 1);
    assert.match(otp.errors, /is a users file of liboath, which is read but never changed/);
    assert.equal(otp.text(), content);
  }
});

test('what makes no sense is refused with exit code 2 before anything is read', async (t) => {
  const wrong: Partial<OtpOptions>[] = [
    {},
    { user: '' },
    { user: 'a:b' },
    { user: 'alice', list: true },
    { user: 'alice', delete: true, recovery: true },
    { user: 'alice', delete: true, replace: true },
    { user: 'alice', recovery: true, issuer: 'x' },
    { list: true, confirm: false },
    { user: 'alice', issuer: '' },
    { user: 'alice', issuer: 'a:b' },
  ];
  for (const options of wrong) {
    const otp = new Otp(t);
    assert.equal(await otp.run(options), 2, JSON.stringify(options));
    assert.match(otp.errors, /^wolfguard otp: .+\n$/);
    assert.equal(otp.output, '');
    assert.throws(() => otp.text(), { code: 'ENOENT' });
  }
});

test('a missing file and a missing folder are one sentence each and exit code 1', async (t) => {
  const otp = new Otp(t);
  for (const options of [{ list: true }, { user: 'alice', delete: true }]) {
    assert.equal(await otp.run(options), 1);
    assert.match(otp.errors, /There is no file .*otp: make it with "wolfguard otp USER"/);
  }
  otp.file = path.join(otp.folder, 'no', 'otp');
  assert.equal(await otp.run({ user: 'alice', confirm: false }), 1);
  assert.match(otp.errors, /There is no folder .*\/no: make it first/);
});

class Otp {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-otp-'));
  file = path.join(this.folder, 'otp');
  /** Of the last run. */
  output = '';
  errors = '';

  constructor(t: TestContext, content?: string) {
    t.after(() => rmSync(this.folder, { recursive: true }));
    if (content !== undefined) writeFileSync(this.file, content, { mode: 0o600 });
  }

  text = (): string => readFileSync(this.file, 'utf8');

  /** `type` is asked for what is typed once all has been shown. */
  run(
    options: Partial<OtpOptions>,
    type: () => string = () => '',
    { tty = false } = {},
  ): Promise<number> {
    this.output = '';
    this.errors = '';
    const input = async function* (): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from(type()));
    };
    return otpCommand(
      { file: this.file, ...options },
      {
        input: { [Symbol.asyncIterator]: input },
        output: { isTTY: tty, write: (text) => (this.output += text) },
        errors: { write: (text) => (this.errors += text) },
        now: Date.now,
      },
    );
  }

  shownSecret = (): string => /[?&]secret=(\w+)/.exec(this.output)?.[1] ?? '';

  shownCode = (): string =>
    execFileSync('oathtool', ['--totp', '--base32', this.shownSecret()], { encoding: 'utf8' });

  qrCode = (): string[] => this.output.split('\n').filter((line) => /^[█▀▄ ]{20,}$/.test(line));
}
