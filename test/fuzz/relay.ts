// A program of its own, run on the router: passes datagrams on between a client and the server, and
// sends the server damaged, shortened, repeated and old copies along with each of the client's.
// Prints "ready", then every now and again and at SIGTERM how many it has sent of each, as a line of
// JSON.
//
//   relay.ts SERVER SEED COPIES WHEN
//
// WHEN is "always", or "established": not before the client sends application data, and then also
// with copies of what it sent earlier. A handshake in plain text can be spoilt by anyone on its way;
// an established channel cannot.
//
//   client ── redirected ──► :9443 relay ── unchanged, and up to COPIES mutated ──► SERVER:443
import dgram from 'node:dgram';
import process from 'node:process';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/** Enough of the past that a copy may come from before a handshake. */
const MEMORY = 50;

/** Content type of a DTLS record. */
const APPLICATION_DATA = 23;

const [server = '', seed = '0', copies = '0', when = 'always'] = process.argv.slice(2);
const random = new Random(Number(seed));
const past: Buffer[] = [];
const upstreams = new Map<string, dgram.Socket>();
const sent = { passed: 0, mutated: 0 };

const inside = dgram.createSocket('udp4');
inside.on('message', (datagram, from) => {
  const upstream = upstreamOf(from);
  const early = random.chance(1, 2);
  if (early) attack(upstream, datagram);
  upstream.send(datagram, 443, server);
  sent.passed += 1;
  if (!early) attack(upstream, datagram);
  past.push(Buffer.from(datagram));
  if (past.length > MEMORY) past.shift();
});
inside.bind(9443, () => console.log('ready'));

const report = (): void => console.log(JSON.stringify(sent));
setInterval(report, 100);
process.on('SIGTERM', () => {
  report();
  process.exit(0);
});

function attack(upstream: dgram.Socket, datagram: Buffer): void {
  if (sent.mutated >= Number(copies)) return;
  if (when === 'established' && datagram[0] !== APPLICATION_DATA) return;
  for (let n = 1 + random.below(3); n > 0; n -= 1) {
    const source = random.chance(1, 3) && past.length > 0 ? random.pick(past) : datagram;
    const copy = random.chance(1, 6) ? source : mutate(source, random);
    // UDP over a cable of MTU 1500; longer ones would test the kernel's fragments.
    upstream.send(copy.subarray(0, 1472), 443, server);
    sent.mutated += 1;
  }
}

function upstreamOf(from: dgram.RemoteInfo): dgram.Socket {
  const key = `${from.address}:${from.port}`;
  let upstream = upstreams.get(key);
  if (upstream === undefined) {
    upstream = dgram.createSocket('udp4');
    upstream.on('message', (datagram) => inside.send(datagram, from.port, from.address));
    upstreams.set(key, upstream);
  }
  return upstream;
}
