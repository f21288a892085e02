// What every backend must do, whatever it asks. A backend's own test calls this with people that
// it has prepared.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Backend, Credentials, Round } from '../../../../server/auth/backend.ts';

export interface BackendUnderTest {
  /** alice's, where the backend knows none, or them in another order. */
  readonly groups?: readonly string[];
  /** Knows alice (password "s3cret", groups staff and it) and locked (password "s3cret"). */
  open(t: TestContext): Promise<Backend>;
  /** The same, where what it asks cannot be reached. */
  openUnreachable(t: TestContext): Promise<Backend>;
  /** What it asks does not mind capitals: "ALICE" is alice, and is called so. */
  readonly ignoresCapitals?: boolean;
}

export function testBackend(name: string, subject: BackendUnderTest): void {
  const { groups = ['staff', 'it'], ignoresCapitals = false } = subject;
  const verifyEach = async (
    t: TestContext,
    pairs: readonly (readonly [string, string])[],
  ): Promise<Round[]> => {
    const backend = await subject.open(t);
    const rounds = await Promise.all(
      pairs.map(([user, password]) => verify(backend, user, password)),
    );
    await backend.close();
    return rounds;
  };

  test(`${name}: the right password is accepted with the user's groups`, async (t) => {
    const [round] = await verifyEach(t, [['alice', 's3cret']]);
    assert.ok(round?.kind === 'accepted');
    assert.deepEqual(round.groups, groups);
    assert.ok(round.user === undefined || round.user === 'alice');
  });

  test(`${name}: wrong password, unknown user and locked account are one and the same`, async (t) => {
    const rounds = await verifyEach(t, [
      ['alice', 'S3cret'],
      ['alice', 's3cret '],
      ['alice', 's3cret\0x'],
      ['nobody-of-this-name', 's3cret'],
      ['', 's3cret'],
      ['__proto__', 's3cret'],
      ['locked', 's3cret'],
      ['locked', 'wrong'],
    ]);
    for (const round of rounds) assert.deepEqual(round, { kind: 'refused' });
  });

  test(`${name}: capitals make another name, or are put right`, async (t) => {
    const rounds = await verifyEach(t, [
      ['ALICE', 's3cret'],
      ['Alice', 'wrong'],
    ]);
    const folded = { kind: 'accepted', groups, user: 'alice' };
    assert.deepEqual(rounds, [ignoresCapitals ? folded : { kind: 'refused' }, { kind: 'refused' }]);
  });

  test(`${name}: hostile names and very long passwords are refused, not errors`, async (t) => {
    const rounds = await verifyEach(t, [
      ['alice:*', 's3cret'],
      ['*)(uid=*', 's3cret'],
      ['../../etc/passwd', 's3cret'],
      ['alice\n', 's3cret'],
      ['alice', 'x'.repeat(512)],
    ]);
    for (const round of rounds) assert.deepEqual(round, { kind: 'refused' });
  });

  test(`${name}: an outage is "unavailable", for a known and for an unknown user`, async (t) => {
    const backend = await subject.openUnreachable(t);
    for (const user of ['alice', 'nobody-of-this-name']) {
      assert.equal((await verify(backend, user, 's3cret')).kind, 'unavailable');
    }
    await backend.close();
  });

  test(`${name}: many at once all get their own answer`, async (t) => {
    const backend = await subject.open(t);
    const rounds = await Promise.all(
      Array.from({ length: 20 }, (_, i) => verify(backend, 'alice', i % 2 ? 's3cret' : 'wrong')),
    );
    rounds.forEach((round, i) => assert.equal(round.kind, i % 2 ? 'accepted' : 'refused'));
    await backend.close();
  });

  test(`${name}: a check whose caller has gone is not accepted and closing it twice is fine`, async (t) => {
    const backend = await subject.open(t);
    const round = await verify(backend, 'alice', 's3cret', AbortSignal.abort());
    assert.equal(round.kind, 'unavailable');
    await backend.close();
    await backend.close();
  });
}

/** Credentials of somebody on 192.0.2.1. */
export const credentials = (user: string, password: string): Credentials => ({
  user,
  password,
  group: null,
  certificate: null,
  peer: { address: '192.0.2.1', port: 50_000 },
  client: {
    userAgent: '',
    kind: 'openconnect',
    mobile: false,
    hostname: '',
    platform: 'linux-64',
    deviceType: '',
  },
});

export const verify = (
  backend: Backend,
  user: string,
  password: string,
  signal: AbortSignal = new AbortController().signal,
): Promise<Round> => backend.verify(credentials(user, password), signal);
