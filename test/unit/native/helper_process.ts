// Runs the helper programs and speaks their messages.
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** u32 length, body. */
export function frame(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(bytes.length);
  return Buffer.concat([header, bytes]);
}

export interface HelperMessage {
  readonly type: string;
  readonly body: Buffer;
}

/** A helper with its messages one by one. */
export class HelperProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly exited: Promise<[number | null, NodeJS.Signals | null]>;
  stderr = '';
  #buffer = Buffer.alloc(0);

  constructor(program: string, args: readonly string[]) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = once(this.child, 'exit') as typeof this.exited;
    this.child.stdin.on('error', () => undefined);
    this.child.stderr.on('data', (chunk: Buffer) => (this.stderr += String(chunk)));
  }

  /** The next message, null at the end of the output. */
  async next(): Promise<HelperMessage | null> {
    for (;;) {
      const length = this.#buffer.length < 4 ? Infinity : this.#buffer.readUInt32BE();
      if (this.#buffer.length >= 4 + length) {
        const body = this.#buffer.subarray(4, 4 + length);
        this.#buffer = this.#buffer.subarray(4 + length);
        return { type: String.fromCharCode(body[0] ?? 0), body: body.subarray(1) };
      }
      const chunk = this.child.stdout.read() as Buffer | null;
      if (chunk !== null) this.#buffer = Buffer.concat([this.#buffer, chunk]);
      else if (this.child.stdout.readableEnded) return null;
      else await this.#moreOutput();
    }
  }

  async #moreOutput(): Promise<void> {
    const { stdout } = this.child;
    const enough = new AbortController();
    const { signal } = enough;
    await Promise.race([once(stdout, 'readable', { signal }), once(stdout, 'end', { signal })]);
    enough.abort();
  }

  answer(text: string): void {
    this.child.stdin.write(frame(`a${text}`));
  }
}

/** Exit code of a program that was given `input` and then end of file. */
export async function exitCodeFor(program: string, input: Buffer): Promise<number | null> {
  const helper = new HelperProcess(program, []);
  helper.child.stdout.resume();
  helper.child.stdin.end(input);
  const [code] = await helper.exited;
  return code;
}
