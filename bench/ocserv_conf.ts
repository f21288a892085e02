// What openconnect is given by ocserv and by `wolfguard ocserv` for the same files, those of
// test/scenario/ocserv_conf: prints what differs. As root, with ocserv installed:
//
//   node bench/ocserv_conf.ts [01-plain.conf …]
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { Lab } from '../test/scenario/harness/lab.ts';
import { CONF_FOLDER, directionOf, play } from '../test/scenario/harness/ocserv_conf.ts';
import type { Direction, Facts } from '../test/scenario/harness/ocserv_conf.ts';
import { makePeople } from '../test/scenario/harness/people.ts';

/** Facts that are the server's choice: an address is a hash of the user's name in both, not the same. */
const COMPARED = [
  ...['outcome', 'netmask', 'dns', 'dns6', 'nbns', 'domain', 'split-dns', 'banner', 'mtu'],
  ...['proxy-pac', 'routes', 'no-routes', 'channel', 'x-cstp-dpd', 'x-cstp-keepalive'],
  ...['x-cstp-idle-timeout', 'x-cstp-session-timeout', 'x-cstp-rekey-time', 'x-cstp-rekey-method'],
  ...['x-cstp-tunnel-all-dns', 'x-cstp-client-bypass-protocol', 'x-cstp-content-encoding'],
  ...['x-cstp-disconnected-timeout', 'x-cstp-keep', 'x-cstp-smartcard-removal-disconnect'],
  ...['x-cstp-license', 'x-cstp-tcp-keepalive', 'x-dtls-dpd', 'x-dtls-keepalive', 'x-dtls-port'],
  ...['x-dtls-ciphersuite', 'x-dtls-rekey-time', 'x-cstp-base-mtu', 'x-cstp-mtu', 'x-mine'],
];

const people = mkdtempSync(path.join(tmpdir(), 'wolfguard-people-'));
makePeople(people);
try {
  const named = process.argv.slice(2);
  const files = named.length > 0 ? named : readdirSync(CONF_FOLDER);
  for (const file of files.filter((name) => name.endsWith('.conf'))) {
    const direction = directionOf(file);
    if (direction.onlyWolfguard || direction.needs.includes('pam')) continue;
    const theirs = await seen(direction, 'ocserv');
    const ours = await seen(direction, 'wolfguard');
    console.log(`${file}: ${differences(theirs, ours).join('; ') || 'the same'}`);
    if (named.length > 0)
      for (const one of [theirs, ours]) console.log(one.get('server'), one.get('client'));
  }
} finally {
  rmSync(people, { recursive: true });
}

async function seen(direction: Direction, program: 'ocserv' | 'wolfguard'): Promise<Facts> {
  const lab = new Lab();
  try {
    return await play({ lab, people, pamWrapper: [] }, direction, program);
  } finally {
    await lab.close();
  }
}

function differences(theirs: Facts, ours: Facts): string[] {
  const names = theirs.get('outcome') === ours.get('outcome') ? COMPARED : ['outcome'];
  return names.flatMap((name) => {
    // A rekey time has a part by chance in both: 31-timeouts.conf has its bounds.
    const of = (facts: Facts): string =>
      name.includes('rekey-time') ? '' : (facts.get(name) ?? '');
    const [a, b] = [of(theirs), of(ours)];
    return a === b ? [] : [`${name}: "${a}" there, "${b}" here`];
  });
}
