// The terms under which a figure counts: whoever measures something else must not print it.
import assert from 'node:assert/strict';

export type Channel = 'dtls' | 'tls';

/** One session, as its server describes it. */
export interface SessionFacts {
  readonly channel: Channel;
  /** '' = none; the names of OpenSSL or of GnuTLS. */
  readonly tlsCipher: string;
  readonly dtlsCipher: string;
}

/** ocserv cuts the name of a cipher off behind 63 characters. */
const AES_256_GCM = /AES[-_]256[-_]GC|AES256-GC/;

/** So many sessions, all on that channel, sealed with AES-256-GCM. */
export function checkSessions(
  sessions: readonly SessionFacts[],
  count: number,
  channel: Channel,
): void {
  assert.equal(sessions.length, count, `the server has ${sessions.length} of ${count} sessions`);
  const others = sessions.filter((session) => session.channel !== channel).length;
  assert.equal(others, 0, `${others} of ${count} sessions do not use ${channel}`);
  for (const { tlsCipher, dtlsCipher } of sessions) {
    assert.match(tlsCipher, AES_256_GCM, `the TLS cipher is ${tlsCipher}`);
    if (channel === 'dtls') {
      assert.match(dtlsCipher, AES_256_GCM, `the DTLS cipher is ${dtlsCipher}`);
    }
  }
}

/** What `ethtool -k` says about a network device is what the row wants. */
export function checkNic(features: string, segmentation: boolean, joining: boolean): void {
  for (const [feature, wanted] of [
    ['tx-udp-segmentation', segmentation],
    ['generic-segmentation-offload', segmentation],
    ['generic-receive-offload', joining],
  ] as const) {
    const state = new RegExp(`^\\s*${feature}: (\\w+)`, 'm').exec(features)?.[1];
    assert.equal(state, wanted ? 'on' : 'off', `${feature} of the cable is ${state ?? 'unknown'}`);
  }
}

/** An offload that the kernel refused turns itself off with a warning. */
export function checkWarnings(warnings: readonly string[]): void {
  assert.deepEqual(warnings, [], `the server warned: ${warnings.join('; ')}`);
}

/** What the load client counted as gone wrong. */
export function checkFailures(failures: Readonly<Record<string, number>>): void {
  const list = Object.entries(failures).map(([reason, count]) => `${count} x ${reason}`);
  assert.deepEqual(list, [], `sessions failed: ${list.join('; ')}`);
}
