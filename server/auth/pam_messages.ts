// What wolfguard-pam says and hears; the head of native/helper/pam.c has the list.
import { Buffer } from 'node:buffer';

export type PamMessage =
  /** A question; `echo`: the answer is no secret. */
  | { readonly kind: 'question'; readonly text: string; readonly echo: boolean }
  /** For the person, nothing to answer. */
  | { readonly kind: 'information'; readonly text: string }
  /** A refusal is to be held back for so long. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly gid: number; readonly name: string }
  /** The last message. */
  | { readonly kind: 'result'; readonly result: PamResult };

export interface PamResult {
  /** A number of Linux-PAM; 0 = success. */
  readonly code: number;
  readonly stage: PamStage;
  /** libpam's words for the code. */
  readonly text: string;
}

const STAGES = {
  s: 'start',
  f: 'service file',
  a: 'authentication',
  m: 'account',
  c: 'password change',
  k: 'credentials',
  o: 'open session',
  l: 'close session',
} as const;

/** Where in libpam the result arose. */
export type PamStage = (typeof STAGES)[keyof typeof STAGES];

// Twice what the helper ever sends.
const MAX_MESSAGE_BYTES = 8192;
const HEADER_BYTES = 4;

/** Cuts what the helper writes into messages. */
export class PamDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that `chunk` completes; null when it is not what the helper speaks. */
  push(chunk: Uint8Array): readonly PamMessage[] | null {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const messages: PamMessage[] = [];
    while (this.#rest.length >= HEADER_BYTES) {
      const length = this.#rest.readUInt32BE();
      if (length < 1 || length > MAX_MESSAGE_BYTES) return null;
      if (this.#rest.length < HEADER_BYTES + length) break;
      const message = decode(this.#rest.subarray(HEADER_BYTES, HEADER_BYTES + length));
      if (message === null) return null;
      messages.push(message);
      this.#rest = this.#rest.subarray(HEADER_BYTES + length);
    }
    return messages;
  }
}

/** The answer to a question, framed. It holds a secret: whoever has written it wipes it. */
export function encodeAnswer(answer: string): Buffer {
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + 1 + Buffer.byteLength(answer));
  frame.writeUInt32BE(frame.length - HEADER_BYTES);
  frame.write('a', HEADER_BYTES);
  frame.write(answer, HEADER_BYTES + 1);
  return frame;
}

function decode(message: Buffer): PamMessage | null {
  const type = String.fromCharCode(message[0] ?? 0);
  const body = message.subarray(1);
  switch (type) {
    case 'e':
    case 'p':
      return { kind: 'question', text: body.toString(), echo: type === 'e' };
    case 'i':
    case 'x':
      return { kind: 'information', text: body.toString() };
    case 'd':
      if (body.length !== 4) return null;
      return { kind: 'delay', delayMs: body.readUInt32BE() / 1000 };
    case 'u':
      return { kind: 'user', name: body.toString() };
    case 'g':
      if (body.length < 4) return null;
      return { kind: 'group', gid: body.readUInt32BE(), name: body.subarray(4).toString() };
    case 'r':
      return decodeResult(body);
    default:
      return null;
  }
}

function decodeResult(body: Buffer): PamMessage | null {
  const letter = String.fromCharCode(body[4] ?? 0);
  if (!isStage(letter)) return null;
  const result = {
    code: body.readUInt32BE(),
    stage: STAGES[letter],
    text: body.subarray(5).toString(),
  };
  return { kind: 'result', result };
}

const isStage = (letter: string): letter is keyof typeof STAGES => Object.hasOwn(STAGES, letter);
