// A program of its own, run inside the client's namespace: sends mutated HTTP heads, XML bodies and
// CSTP frames over TLS, and prints how many of each it has sent, as one line of JSON.
//
//   attacker.ts HOST SEED HEADS BODIES FRAMES USER PASSWORD
import process from 'node:process';
import tls from 'node:tls';
import { authReply, bodies, connect, frames, post, requests } from './messages.ts';
import { mutate, pieces } from './mutate.ts';
import { Random } from './random.ts';

/** How long a case waits for the server's last word; a server that waits for more says none. */
const PATIENCE_MS = 150;
/** Connections at a time, below the server's limit of handshakes for one source. */
const LANES = 6;

const [
  host = '',
  seed = '0',
  heads = '0',
  bodyCases = '0',
  frameCases = '0',
  user = '',
  password = '',
] = process.argv.slice(2);

const done = { heads: 0, bodies: 0, frames: 0, answered: 0, tunnels: 0 };
let count = 0;

await eachLane(Number(heads), async (random) => {
  await talk(mutate(random.pick(requests('AAAA')), random), random);
  done.heads += 1;
});
await eachLane(Number(bodyCases), async (random) => {
  const body = mutate(Buffer.from(random.pick(bodies)), random);
  await talk(post(random.pick(['/', '/auth']), body), random);
  done.bodies += 1;
});
await eachLane(Number(frameCases), async (random, lane) => {
  await openAndAttack(lane, random);
  done.frames += 1;
});
console.log(JSON.stringify(done));

/** A session for each lane, so that no CONNECT takes over the tunnel of another lane. */
interface Lane {
  cookie: string | undefined;
}

/** Runs `cases` cases on all lanes; each has a generator of its own, so its bytes depend on no clock. */
async function eachLane(
  cases: number,
  run: (random: Random, lane: Lane) => Promise<void>,
): Promise<void> {
  let left = cases;
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      const lane: Lane = { cookie: undefined };
      while (left > 0) {
        left -= 1;
        count += 1;
        await run(new Random(Number(seed) + count * 7919), lane);
      }
    }),
  );
}

/** Sends a message in pieces and waits until the server has closed or says no more. */
async function talk(message: Buffer, random: Random): Promise<string> {
  const socket = await open();
  for (const piece of pieces(message, random)) socket.write(piece);
  return finish(socket);
}

async function openAndAttack(lane: Lane, random: Random): Promise<void> {
  lane.cookie ??= await logIn();
  const socket = await open();
  socket.write(connect(lane.cookie));
  const answer = await firstAnswer(socket);
  if (!answer.startsWith('HTTP/1.1 200 ')) {
    // An earlier case ended this session; the next one logs in again.
    lane.cookie = undefined;
    socket.destroy();
    return;
  }
  done.tunnels += 1;
  const inside4 = /^X-CSTP-Address: ([\d.]+)\r$/m.exec(answer)?.[1] ?? '10.77.0.2';
  for (let n = 1 + random.below(5); n > 0; n -= 1) {
    const frame = random.pick(frames(inside4, random));
    // Some right ones between the wrong ones: state changes, too.
    for (const piece of pieces(random.chance(3, 4) ? mutate(frame, random) : frame, random)) {
      socket.write(piece);
    }
  }
  await finish(socket);
}

async function logIn(): Promise<string> {
  const socket = await open();
  socket.write(post('/auth', authReply(user, password)));
  const answer = await firstAnswer(socket);
  socket.destroy();
  const cookie = /^Set-Cookie: webvpn=([^;\r\n]+)/im.exec(answer)?.[1];
  if (cookie === undefined) throw new Error(`the login failed: ${answer}`);
  return cookie;
}

function open(): Promise<tls.TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port: 443, rejectUnauthorized: false }, () => {
      // From here on a reset is an answer, not an error.
      socket.removeListener('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

function firstAnswer(socket: tls.TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => resolve(text), 5000);
    const end = (): void => {
      clearTimeout(timer);
      resolve(text);
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n\r\n')) end();
    });
    socket.once('close', end);
  });
}

function finish(socket: tls.TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    if (socket.closed) {
      resolve(text);
      return;
    }
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.once('close', () => {
      clearTimeout(timer);
      if (text !== '') done.answered += 1;
      resolve(text);
    });
  });
}
