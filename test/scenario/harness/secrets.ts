// Looks for secrets in what a server has written, in every form in which they could stand there.
import assert from 'node:assert/strict';

/** `secrets`: by what they are, each of nine characters or more, or a false alarm would be likely. */
export function assertNotWritten(written: string, secrets: ReadonlyMap<string, string>): void {
  assert.match(written, /"level":[12]0/, 'it logs in detail');
  for (const [what, secret] of secrets) {
    assert.ok(secret.length >= 9, `${what} is too short to be looked for`);
    for (const form of formsOf(secret)) assert.ok(!written.includes(form), `${what} was logged`);
  }
}

/** As it is, in base64 (of any alignment), in hex, in JSON's and in URL's escapes. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  return [
    secret,
    ...base64,
    bytes.toString('hex'),
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
  ];
}
