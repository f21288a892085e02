// A program that logs in again and again, one connection and one password each time, from addresses
// of its own machine. Its one argument is a Plan as JSON; its output is a Report as JSON.
import net from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';

export interface Plan {
  readonly server: string;
  readonly port: number;
  /** Each logs in one after the other, all of them at the same time. */
  readonly from: readonly string[];
  /** For each address; Infinity is written as null: until SIGTERM. */
  readonly attempts: number | null;
  /** From the begin of an attempt to that of the next. */
  readonly everyMs: number;
  readonly user: string;
  readonly password: string;
}

/** 'closed': without an answer. 'banned': told so. 'refused': the password was looked at. */
export type Outcome = 'accepted' | 'refused' | 'banned' | 'closed' | 'other';

export interface Report {
  /** By address, how often each outcome. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<Outcome, number>>>>;
  /** Of all accepted ones, from connect to cookie. */
  readonly acceptedMs: readonly number[];
}

const NONE: Readonly<Record<Outcome, number>> = {
  accepted: 0,
  refused: 0,
  banned: 0,
  closed: 0,
  other: 0,
};
/** An attempt without an answer by then says 'other'. */
const TIMEOUT_MS = 30_000;

let stopping = false;
process.on('SIGTERM', () => (stopping = true));

const plan = JSON.parse(process.argv[2] ?? '') as Plan;
const outcomes: Record<string, Record<Outcome, number>> = {};
const acceptedMs: number[] = [];
await Promise.all(plan.from.map(attack));
process.stdout.write(JSON.stringify({ outcomes, acceptedMs } satisfies Report));

async function attack(address: string): Promise<void> {
  const counts = { ...NONE };
  outcomes[address] = counts;
  const most = plan.attempts ?? Infinity;
  for (let made = 0; made < most && !stopping; made++) {
    const begin = performance.now();
    const outcome = await attempt(address);
    counts[outcome]++;
    if (outcome === 'accepted') acceptedMs.push(performance.now() - begin);
    await sleep(Math.max(0, begin + plan.everyMs - performance.now()));
  }
}

function attempt(localAddress: string): Promise<Outcome> {
  const { server: host, port, user, password } = plan;
  const body = new URLSearchParams({ username: user, password }).toString();
  const request =
    `POST /auth HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n` +
    `Content-Length: ${body.length}\r\n\r\n${body}`;
  return new Promise((resolve) => {
    let answer = '';
    const outside = net.connect({ host, port, localAddress });
    outside.on('error', () => undefined);
    const socket = tls.connect({ socket: outside, rejectUnauthorized: false });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.once('secureConnect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(outcomeOf(answer)));
  });
}

function outcomeOf(answer: string): Outcome {
  if (answer === '') return 'closed';
  if (/^Set-Cookie: webvpn=[^;]/m.test(answer)) return 'accepted';
  if (/^HTTP\/1\.1 401 Too many failed logins/.test(answer)) return 'banned';
  return answer.includes('Login failed') ? 'refused' : 'other';
}
