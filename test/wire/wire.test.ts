// Replays the scenes of this folder: see README.md.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type {
  LoginReply,
  OpenTunnelReply,
  PrimaryToWorker,
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
  for (const { title, steps } of scenes)
    for (const size of SPLITS)
      test(`${file}: ${title}, in pieces of ${size}`, async (t) => {
        const made = await bench(t);
        made.told.length = 0;
        const stage: Stage = { ...made, actor: await made.client(), size, seen: 0 };
        for (const step of steps) await play(stage, step, `${file}:${step.line}`);
        assert.equal(stage.actor.received.length, stage.seen, 'the server said more');
        assert.equal(made.told.length, 0, 'the primary was told more');
      });
}

interface Stage extends Bench {
  readonly actor: Client;
  readonly size: number;
  /** Bytes of the server's answers that the scene has accounted for. */
  seen: number;
  question?: Extract<WorkerToPrimary, { id: number }>;
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
        Buffer.from(stage.engine.opened[0]?.early ?? []).toString('hex'),
        text.replaceAll(' ', ''),
        where,
      );
      return;
    case 'closed':
      return until(() => stage.actor.ended && stage.actor.inner.destroyed);
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

async function hear(stage: Stage, text: string, where: string): Promise<void> {
  await until(() => stage.told.length > 0);
  const message = stage.told.shift();
  assert.ok(message !== undefined && 'id' in message, where);
  stage.question = message;
  const expected = { ...(JSON.parse(text) as object), id: message.id };
  assert.deepEqual(message, expected, where);
}

function replyTo({ question }: Stage, text: string): Exclude<PrimaryToWorker, { kind: 'start' }> {
  assert.ok(question !== undefined);
  const reply = JSON.parse(text) as GrantText | LoginReply | OpenTunnelReply;
  if (question.kind === 'login')
    return { kind: 'login-reply', id: question.id, reply: reply as LoginReply };
  const answer = reply.kind === 'granted' ? grant(reply as GrantText) : (reply as OpenTunnelReply);
  return { kind: 'open-tunnel-reply', id: question.id, reply: answer };
}

async function expectAnswer(stage: Stage, text: string, where: string): Promise<void> {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const body = end < 0 ? '' : `${text.slice(end + 2)}\n`;
  const expected = `${head.trimEnd().replaceAll('\n', '\r\n')}\r\n\r\n${body}`;
  await until(
    () => stage.actor.received.length >= stage.seen + expected.length || stage.actor.ended,
  );
  assert.equal(stage.actor.received.slice(stage.seen), expected, where);
  stage.seen += expected.length;
}

async function expectTunnel({ engine, actor }: Stage, text: string, where: string): Promise<void> {
  await until(() => engine.calls.includes(`hold ${actor.connection}`));
  const { connection, sentBytes: passedBytes } = actor;
  engine.emit({ type: 'held', connection, passedBytes });
  await until(() => engine.opened.length > 0);
  assert.equal(engine.opened[0]?.answer, `${text}\n`.replaceAll('\n', '\r\n'), where);
}

interface GrantText {
  readonly kind: 'granted';
  readonly inside4: string;
  readonly inside6: string;
  readonly dns: readonly string[];
  readonly routes: readonly string[];
}

function grant({ inside4, inside6, dns, routes }: GrantText): OpenTunnelReply {
  const policy = {
    ...GRANT.policy,
    dns: dns.map((text) => parseIp(text) ?? assert.fail(text)),
    routes: routes.map((text) => cidr(text).network),
  };
  const lease = (text: string) => ({ address: cidr(text).host, prefix: cidr(text).network.prefix });
  return {
    kind: 'granted',
    grant: { ...GRANT, inside4: lease(inside4), inside6: lease(inside6), policy },
  };
}

const cidr = (text: string): { network: Cidr; host: Cidr['address'] } =>
  parseCidr(text) ?? assert.fail(text);
