// Replays the scenes of this folder: see README.md.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type {
  LoginReply,
  OpenTunnelReply,
  PrimaryToWorker,
  ProfileReply,
  TunnelGrant,
  WorkerToPrimary,
} from '../../core/ipc/messages.ts';
import { parseCidr, parseIp } from '../../core/net/address.ts';
import type { Cidr } from '../../core/net/address.ts';
import { bench, GRANT, until } from '../unit/worker/bench.ts';
import type { Bench, Client } from '../unit/worker/bench.ts';
import { encodeRequest, parseScenes } from './scenes.ts';
import type { Step } from './scenes.ts';

/** How large the pieces are in which a client's bytes arrive. */
const SPLITS = [Infinity, 1, 7, 100];

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.md'))) {
  const scenes = parseScenes(readFileSync(path.join(import.meta.dirname, file), 'utf8'));
  test(`${file}: every conversation says where it comes from`, () => {
    for (const { title, origin } of scenes)
      assert.match(origin, /^(Measured|Written from documents)\b/, title);
  });
  for (const { title, steps } of scenes)
    for (const size of SPLITS)
      test(`${file}: ${title}, in pieces of ${size}`, async (t) => {
        const made = await bench(t);
        made.told.length = 0;
        const stage: Stage = { ...made, actor: await made.client(), size, seen: 0, asked: {} };
        for (const step of steps) await play(stage, step, `${file}:${step.line}`);
        endConnection(stage);
        assert.equal(made.told.length, 0, 'the primary was told more');
      });
}

interface Stage extends Bench {
  /** The connection that the client speaks on. */
  actor: Client;
  readonly size: number;
  /** Bytes of the server's answers on it that the scene has accounted for. */
  seen: number;
  question?: Extract<WorkerToPrimary, { id: number }>;
  /** What the primary was last asked. */
  asked: Readonly<Record<string, unknown>>;
}

async function play(stage: Stage, { kind, text }: Step, where: string): Promise<void> {
  switch (kind) {
    case 'client':
      return send(stage, encodeRequest(text));
    case 'to-primary':
      return hear(stage, text, where);
    case 'from-primary':
      stage.worker.handleMessage(replyTo(stage, text));
      return;
    case 'server':
      return expectAnswer(stage, text, where);
    case 'tunnel':
      return expectTunnel(stage, text, where);
    case 'early':
      assert.equal(
        Buffer.from(stage.engine.opened.at(-1)?.early ?? []).toString('hex'),
        text.replaceAll(' ', ''),
        where,
      );
      return;
    case 'closed':
      return until(() => stage.actor.ended && stage.actor.inner.destroyed);
    case 'new-connection':
      endConnection(stage);
      stage.actor = await stage.client();
      stage.seen = 0;
      return;
    default:
      assert.fail(`${where}: no such block: ${kind}`);
  }
}

async function send({ actor, size }: Stage, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += size) {
    actor.write(bytes.subarray(at, at + size));
    // Lets the other end read before the next piece leaves.
    await new Promise(setImmediate);
  }
}

function endConnection({ actor, seen }: Stage): void {
  assert.equal(actor.received.length, seen, 'the server said more');
}

async function hear(stage: Stage, text: string, where: string): Promise<void> {
  await until(() => stage.told.length > 0);
  const message = stage.told.shift() ?? assert.fail(where);
  const expected = JSON.parse(text, (key, value: unknown) =>
    value === 'as before' ? (stage.asked[key] ?? assert.fail(`${where}: ${key}`)) : value,
  ) as { request?: Stage['asked']; id?: number };
  if ('id' in message) {
    stage.question = message;
    expected.id = message.id;
  }
  assert.deepEqual(message, expected, where);
  stage.asked = expected.request ?? stage.asked;
}

function replyTo({ question }: Stage, text: string): Exclude<PrimaryToWorker, { kind: 'start' }> {
  assert.ok(question !== undefined);
  const { id } = question;
  const reply = JSON.parse(text) as GrantText | LoginReply | OpenTunnelReply | ProfileReply;
  if (question.kind === 'login') return { kind: 'login-reply', id, reply: reply as LoginReply };
  if (question.kind === 'profile')
    return { kind: 'profile-reply', id, reply: reply as ProfileReply };
  const answer = reply.kind === 'granted' ? grant(reply as GrantText) : (reply as OpenTunnelReply);
  return { kind: 'open-tunnel-reply', id, reply: answer };
}

async function expectAnswer(stage: Stage, text: string, where: string): Promise<void> {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const body = end < 0 ? '' : `${text.slice(end + 2)}\n`;
  // The client's end counts bytes.
  const expected = Buffer.from(
    `${head.trimEnd().replaceAll('\n', '\r\n')}\r\n\r\n${body}`,
  ).toString('latin1');
  await until(
    () => stage.actor.received.length >= stage.seen + expected.length || stage.actor.ended,
  );
  assert.equal(stage.actor.received.slice(stage.seen), expected, where);
  stage.seen += expected.length;
}

async function expectTunnel({ engine, actor }: Stage, text: string, where: string): Promise<void> {
  const { connection } = actor;
  await until(() => engine.calls.includes(`hold ${connection}`));
  engine.emit({ type: 'held', connection, passedBytes: actor.sentBytes });
  await until(() => engine.opened.some((tunnel) => tunnel.connection === connection));
  assert.equal(engine.opened.at(-1)?.answer, `${text}\n`.replaceAll('\n', '\r\n'), where);
}

interface GrantText {
  readonly kind: 'granted';
  readonly inside4: string;
  /** null, like a list that is not there: none. */
  readonly inside6: string | null;
  readonly dns?: readonly string[];
  readonly routes?: readonly string[];
  readonly no_routes?: readonly string[];
  /** What is as plain in JSON as it is here: durations in milliseconds, texts. */
  readonly policy?: Partial<TunnelGrant['policy']>;
}

function grant(text: GrantText): OpenTunnelReply {
  const { inside4, inside6, dns = [], routes = [], no_routes: outside = [] } = text;
  const policy = {
    ...GRANT.policy,
    ...text.policy,
    dns: dns.map((server) => parseIp(server) ?? assert.fail(server)),
    routes: routes.map((network) => cidr(network).network),
    no_routes: outside.map((network) => cidr(network).network),
  };
  const lease = (place: string) => ({
    address: cidr(place).host,
    prefix: cidr(place).network.prefix,
  });
  return {
    kind: 'granted',
    grant: {
      ...GRANT,
      inside4: lease(inside4),
      inside6: inside6 === null ? null : lease(inside6),
      policy,
    },
  };
}

const cidr = (text: string): { network: Cidr; host: Cidr['address'] } =>
  parseCidr(text) ?? assert.fail(text);
