import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  signAccessRequest,
  signAccountingRequest,
  verifyReply,
} from '../../../../core/radius/authenticity.ts';
import type { SentRequest } from '../../../../core/radius/authenticity.ts';
import { NAME, text } from '../../../../core/radius/attributes.ts';
import { CODE, decodePacket } from '../../../../core/radius/packet.ts';
import { hidePassword } from '../../../../core/radius/user_password.ts';
import { SECRET, digests, hex, reply, utf8 } from './fixture.ts';

const authenticator = hex('0f403f9473978057bd83d5cb98f4227a');
const hello = [text(NAME.replyMessage, 'hello')];

test('a password is hidden as in the example [rfc2865 7.1]', () => {
  const hidden = hidePassword(utf8('arctangent'), { secret: SECRET, authenticator }, digests);
  assert.deepEqual(Buffer.from(hidden), hex('0dbe708d93d413ce3196e43f782a0aee'));
});

test('a password of any length can be uncovered with the secret, and by nothing else', () => {
  const password = fc.uint8Array({ minLength: 1, maxLength: 128, min: 1 });
  fc.assert(
    fc.property(password, (clear) => {
      const hidden = hidePassword(clear, { secret: SECRET, authenticator }, digests);
      assert.equal(hidden.length % 16, 0);
      assert.deepEqual([...uncover(hidden, SECRET)], [...clear]);
      assert.notDeepEqual([...uncover(hidden, utf8('other'))], [...clear]);
    }),
  );
});

test('the reply of the example is right [rfc2865 7.1]', () => {
  const bytes = hex(`02 00 0026 86fe220e7624ba2a1005f6bf9b55e0b2
    0606 00000001 0f06 00000000 0e06 c0a80103`);
  const request = { identifier: 0, authenticator, bytes: new Uint8Array() };
  const verified = verifyReply(bytes, request, lenient, digests);
  assert.equal(verified.kind === 'sound' && verified.packet.code, CODE.accessAccept);
  assert.equal(verifyReply(bytes, request, strict, digests).kind, 'unsigned');
});

test('the Message-Authenticator of a request stands first and covers it all [rfc3579 3.2]', () => {
  const { bytes } = access();
  assert.deepEqual([...bytes.subarray(20, 22)], [80, 18]);
  const blank = Uint8Array.from(bytes).fill(0, 22, 38);
  assert.deepEqual(Buffer.from(bytes.subarray(22, 38)), digests.hmacMd5(SECRET, blank));
});

test('an accounting request is signed by its authenticator, its Message-Authenticator before that', () => {
  const { bytes } = signAccountingRequest({ identifier: 9, attributes: hello }, SECRET, digests);
  const zeros = Uint8Array.from(bytes).fill(0, 4, 20);
  assert.deepEqual(Buffer.from(bytes.subarray(4, 20)), digests.md5(zeros, SECRET));
  const blank = Uint8Array.from(zeros).fill(0, 22, 38);
  assert.deepEqual(Buffer.from(bytes.subarray(22, 38)), digests.hmacMd5(SECRET, blank));
});

test('a signed reply is sound, and no single bit of it may change', () => {
  const request = access();
  const good = reply(CODE.accessAccept, request, hello);
  assert.equal(verifyReply(good, request, strict, digests).kind, 'sound');
  fc.assert(
    fc.property(fc.nat(good.length * 8 - 1), (bit) => {
      const bad = Uint8Array.from(good);
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.notEqual(verifyReply(bad, request, lenient, digests).kind, 'sound');
    }),
  );
});

test('a reply to another request, or by another secret, is not for us', () => {
  const request = access();
  const other = { ...request, authenticator: new Uint8Array(16) };
  assert.equal(verify(reply(2, other, hello), request), 'forged');
  assert.equal(verify(reply(2, request, hello, { secret: utf8('else') }), request), 'forged');
  assert.equal(verify(reply(2, { ...request, identifier: 4 }, hello), request), 'malformed');
});

test('without a Message-Authenticator only a reply that needs none is taken', () => {
  const request = access();
  const unsigned = reply(CODE.accessReject, request, hello, { signed: false });
  assert.equal(verifyReply(unsigned, request, strict, digests).kind, 'unsigned');
  assert.equal(verifyReply(unsigned, request, lenient, digests).kind, 'sound');
});

test('a wrong Message-Authenticator is refused even where none is required', () => {
  const request = access();
  for (const spoil of [
    [80, 18, ...Array<number>(16).fill(1)],
    [80, 4, 1, 1],
  ]) {
    const body = Uint8Array.from([
      2,
      request.identifier,
      0,
      20 + spoil.length,
      ...request.authenticator,
      ...spoil,
    ]);
    body.set(digests.md5(body, SECRET), 4);
    assert.ok(decodePacket(body));
    assert.equal(verifyReply(body, request, lenient, digests).kind, 'forged');
  }
});

const strict = { secret: SECRET, requireMessageAuthenticator: true };
const lenient = { secret: SECRET, requireMessageAuthenticator: false };

const verify = (bytes: Uint8Array, request: SentRequest): string =>
  verifyReply(bytes, request, lenient, digests).kind;

const access = (): SentRequest =>
  signAccessRequest({ identifier: 3, authenticator, attributes: hello }, SECRET, digests);

function uncover(hidden: Uint8Array, secret: Uint8Array): Uint8Array {
  let previous = authenticator;
  const clear = hidden.map((byte) => byte);
  for (let at = 0; at < hidden.length; at += 16) {
    const mask = digests.md5(secret, previous);
    for (let i = 0; i < 16; i++) clear[at + i] = (hidden[at + i] ?? 0) ^ (mask[i] ?? 0);
    previous = Buffer.from(hidden.subarray(at, at + 16));
  }
  const end = clear.indexOf(0);
  return end < 0 ? clear : clear.subarray(0, end);
}
