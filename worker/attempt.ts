// One CONNECT on its way to a tunnel: its socket, and what is still in it.
import type { Socket } from 'node:net';

export class Attempt {
  readonly #socket: Socket;
  readonly #head: Uint8Array;
  /** Plaintext of this connection that HTTP has used up: everything before the head. */
  readonly #usedBytes: number;
  readonly #held = Promise.withResolvers<number>();
  readonly #gone = Promise.withResolvers<'gone'>();
  #stage: 'ours' | 'handed-over' | 'gone' = 'ours';

  constructor(socket: Socket, head: Uint8Array) {
    this.#socket = socket;
    this.#head = head;
    this.#usedBytes = socket.bytesRead - socket.readableLength - head.length;
  }

  get stage(): 'ours' | 'handed-over' | 'gone' {
    return this.#stage;
  }

  /** The engine has passed that many bytes of this connection, and will pass no more. */
  held(passedBytes: number): void {
    this.#held.resolve(passedBytes);
  }

  /**
   * Waits for held(), reads what the client sent behind CONNECT, and waits for earlier answers to
   * leave. Returns the bytes read; 'gone' as soon as the attempt is given up.
   */
  async drain(): Promise<Uint8Array | 'gone'> {
    const passedBytes = await Promise.race([this.#held.promise, this.#gone.promise]);
    if (passedBytes === 'gone') return 'gone';
    const early = await Promise.race([
      this.#read(passedBytes - this.#usedBytes),
      this.#gone.promise,
    ]);
    if (early === 'gone') return 'gone';
    const flushed = await Promise.race([this.#flush(), this.#gone.promise]);
    return flushed === 'gone' ? 'gone' : early;
  }

  /** From here on the engine speaks for the connection; an end of the socket means nothing. */
  handOver(): void {
    this.#stage = 'handed-over';
  }

  /** Ends the attempt, or the socket's part in it. Idempotent. */
  end(): void {
    this.#stage = 'gone';
    this.#gone.resolve('gone');
    this.#socket.destroy();
  }

  #read(wantedBytes: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [this.#head];
    let missing = wantedBytes - this.#head.length;
    if (missing <= 0) return Promise.resolve(this.#head);
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    this.#socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      missing -= chunk.length;
      if (missing > 0) return;
      this.#socket.pause();
      resolve(Buffer.concat(chunks));
    });
    // The client is gone before its last byte: nothing else would close a half-open socket.
    this.#socket.once('end', () => {
      if (missing > 0) this.#socket.destroy();
    });
    return promise;
  }

  #flush(): Promise<void> {
    if (this.#socket.writableLength === 0) return Promise.resolve();
    // Writes are done in order: when this one is, all before it are.
    return new Promise((resolve) => void this.#socket.write('', () => resolve()));
  }
}
