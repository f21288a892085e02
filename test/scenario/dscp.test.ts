// The mark of policy.dscp, as the client's machine sees it: on every packet of a tunnel and on both
// channels, in both families; the IPv4 of a dual-stack socket among them.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab, PORT, SERVER_IPV4, SERVER_IPV6 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const PINGS = 20;
/** Nearly a full packet. */
const PING_BYTES = 1300;

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, { policy: { dscp: 'ef' } });
lab.client.nft(`table inet marks {
  counter all_tcp {}
  counter all_udp {}
  counter marked_tcp {}
  counter marked_udp {}
  chain arrival {
    type filter hook input priority 0
    tcp sport ${PORT} counter name all_tcp
    udp sport ${PORT} counter name all_udp
    ip dscp ef tcp sport ${PORT} counter name marked_tcp
    ip dscp ef udp sport ${PORT} counter name marked_udp
    ip6 dscp ef tcp sport ${PORT} counter name marked_tcp
    ip6 dscp ef udp sport ${PORT} counter name marked_udp
  }
}`);

for (const [protocol, address] of [
  ['udp', SERVER_IPV4],
  ['udp', SERVER_IPV6],
  ['tcp', SERVER_IPV4],
  ['tcp', SERVER_IPV6],
] as const) {
  test(`everything by ${protocol} from ${address} is marked`, options, async (t) => {
    lab.client.run('nft', ['reset', 'counters']);
    const client = await Client.connect(lab, {
      account: ALICE,
      server: address,
      dtls: protocol === 'udp',
    });
    t.after(() => client.logOut());
    assert.equal(client.channel, protocol === 'udp' ? 'dtls' : 'tls');
    // The handshake of DTLS is the tunnel's, that of TLS is nobody's yet.
    if (protocol === 'udp') await unmarked('udp', 0);
    // openconnect loses what comes while it looks for the MTU of its new channel [oc 8.6].
    await eventually('packets pass', 5000, () => ping(lab.client, server.inside4, PINGS) === 1);
    const unmarkedBefore = await countUnmarked(protocol);
    const before = seen(`all_${protocol}`, 'bytes');
    assert.equal(ping(lab.client, server.inside4, PINGS, PING_BYTES), 1);
    // Fragments larger than the tunnel's MTU, which go by TLS whatever the channel is.
    assert.equal(ping(lab.client, server.inside4, PINGS, 8000), 1);
    // Bytes: a busy machine sends many answers as one train, which counts as one packet.
    assert.ok(seen(`all_${protocol}`, 'bytes') - before >= PINGS * PING_BYTES);
    await unmarked(protocol, unmarkedBefore);
  });
}

test('without the key nothing is marked', options, async (t) => {
  server.configure({});
  assert.equal(server.wolfctl('reload').code, 0);
  lab.client.run('nft', ['reset', 'counters']);
  const client = await Client.connect(lab, { account: ALICE });
  t.after(() => client.logOut());
  assert.equal(ping(lab.client, server.inside4, 5), 1);
  assert.ok(seen('all_udp') > 5 && seen('all_tcp') > 5);
  assert.deepEqual([seen('marked_udp'), seen('marked_tcp')], [0, 0]);
});

/** Between two looks at counters packets come; those without the mark are missing for ever. */
const unmarked = (protocol: 'udp' | 'tcp', count: number): Promise<true> =>
  eventually(`${count} packets by ${protocol} are without the mark`, 3000, () => {
    assert.equal(missing(protocol), count);
    return true;
  });

/** When two looks say the same. */
async function countUnmarked(protocol: 'udp' | 'tcp'): Promise<number> {
  let last = Number.NaN;
  await eventually('the counters rest', 3000, () => {
    const before = last;
    last = missing(protocol);
    return last === before;
  });
  return last;
}

const missing = (protocol: 'udp' | 'tcp'): number =>
  seen(`all_${protocol}`) - seen(`marked_${protocol}`);

/** What a counter has seen. */
function seen(counter: string, what: 'packets' | 'bytes' = 'packets'): number {
  const text = lab.client.run('nft', ['list', 'counter', 'inet', 'marks', counter]);
  return Number(new RegExp(`${what} (\\d+)`).exec(text)?.[1]);
}
