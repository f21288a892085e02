// A RADIUS server in the test's own process, for what a real one cannot be made to do: to be silent,
// to forge, to forget its signature.
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { RadiusServer } from '../../../../core/ipc/auth.ts';
import { NAME, integer, text, valuesOf } from '../../../../core/radius/attributes.ts';
import { CODE, decodePacket } from '../../../../core/radius/packet.ts';
import type { Attribute, Packet } from '../../../../core/radius/packet.ts';
import { SECRET, digests, reply } from '../../core/radius/fixture.ts';

export interface Asked {
  readonly packet: Packet;
  readonly bytes: Buffer;
  readonly user: string;
  readonly password: string;
  readonly from: RemoteInfo;
}

/** null = silence; else code, attributes and how the reply is made. */
export type Answerer = (asked: Asked) =>
  | (Parameters<typeof reply>[3] & {
      readonly code: number;
      readonly attributes?: readonly Attribute[];
    })
  | null;

export class Responder {
  readonly asked: Asked[] = [];
  readonly #socket: Socket;
  answer: Answerer;

  private constructor(socket: Socket, answer: Answerer) {
    this.#socket = socket;
    this.answer = answer;
    socket.on('message', (bytes, from) => this.#handle(bytes, from));
  }

  static async open(t: TestContext, answer: Answerer, host = '127.0.0.1'): Promise<Responder> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    t.after(() => socket.close());
    return new Responder(socket, answer);
  }

  get name(): RadiusServer {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  #handle(bytes: Buffer, from: RemoteInfo): void {
    const packet = decodePacket(bytes);
    if (packet === undefined) throw new Error('the request is no packet');
    const [user] = valuesOf(packet.attributes, NAME.userName);
    const asked = {
      packet,
      bytes,
      from,
      user: Buffer.from(user ?? []).toString(),
      password: clear(packet),
    };
    this.asked.push(asked);
    const answer = this.answer(asked);
    if (answer === null) return;
    const { code, attributes = [], ...manner } = answer;
    this.#socket.send(reply(code, packet, attributes, manner), from.port, from.address);
  }
}

/** Knows the people of the common suite. */
export const people: Answerer = ({ user, password }) =>
  user === 'alice' && password === 's3cret'
    ? { code: CODE.accessAccept, attributes: [text(NAME.class, 'OU=staff;it')] }
    : { code: CODE.accessReject, attributes: [text(NAME.replyMessage, `no ${user}`)] };

export const silence: Answerer = () => null;
export const accept: Answerer = () => ({ code: CODE.accessAccept });
export const withTimeout =
  (seconds: number): Answerer =>
  () => ({
    code: CODE.accessAccept,
    attributes: [integer(NAME.sessionTimeout, seconds)],
  });

function clear({ attributes, authenticator }: Packet): string {
  const [hidden] = valuesOf(attributes, NAME.userPassword);
  if (hidden === undefined) return '';
  let previous = authenticator;
  const password = Uint8Array.from(hidden);
  for (let at = 0; at < hidden.length; at += 16) {
    const mask = digests.md5(SECRET, previous);
    for (let i = 0; i < 16; i++) password[at + i] = (hidden[at + i] ?? 0) ^ (mask[i] ?? 0);
    previous = hidden.subarray(at, at + 16);
  }
  return Buffer.from(password).toString().replace(/\0+$/, '');
}
