// A program of its own, run inside the server's namespace: GET serves the file named first on the
// command line, at the port named second; PUT answers with the SHA-256 of what it was sent.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { argv, stdout } from 'node:process';
import { pipeline } from 'node:stream';

const [, , file = '', port = ''] = argv;

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    // A client that leaves in mid-transfer is that client's business.
    pipeline(createReadStream(file), response, () => undefined);
    return;
  }
  const hash = createHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  request.on('end', () => response.end(hash.digest('hex')));
  request.on('error', () => undefined);
});
server.listen(Number(port), '::', () => stdout.write('listening\n'));
