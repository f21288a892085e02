// Reads a request's body into memory, up to a limit.
import type { IncomingMessage } from 'node:http';

/** 'gone': the connection ended first. 'too-large' comes before the body where the head says so. */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
): Promise<Buffer | 'too-large' | 'gone'> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes)
    return Promise.resolve('too-large');
  const { promise, resolve } = Promise.withResolvers<Buffer | 'too-large' | 'gone'>();
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limitBytes) {
      chunks.length = 0;
      resolve('too-large');
    } else chunks.push(chunk);
  });
  request.once('end', () => resolve(Buffer.concat(chunks)));
  // 'error' is followed by 'close'; without a listener it would end the process.
  request.once('error', () => resolve('gone'));
  request.once('close', () => resolve('gone'));
  return promise;
}
