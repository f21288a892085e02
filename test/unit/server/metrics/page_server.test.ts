import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createPageServer } from '../../../../server/metrics/page_server.ts';
import type { PageServerComponents } from '../../../../server/metrics/page_server.ts';

const ALIVE: PageServerComponents = {
  page: (format) => Promise.resolve(`a page of ${format}\n`),
  readiness: () => Promise.resolve({ ready: true, reason: 'ready' }),
};

test('the page comes in the format that is asked for', async (t) => {
  const url = await serve(t);
  const plain = await fetch(`${url}/metrics?x=y`);
  assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  assert.equal(await plain.text(), 'a page of prometheus\n');
  const open = await fetch(`${url}/metrics`, {
    headers: { accept: 'application/openmetrics-text' },
  });
  assert.match(open.headers.get('content-type') ?? '', /^application\/openmetrics-text/);
  assert.equal(await open.text(), 'a page of openmetrics\n');
});

test('HEAD has the length and no body', async (t) => {
  const answer = await fetch(`${await serve(t)}/metrics`, { method: 'HEAD' });
  assert.equal(answer.headers.get('content-length'), '21');
  assert.equal(await answer.text(), '');
});

test('who is ready says so, who is not says why, and who is silent is not alive', async (t) => {
  const states = [
    { readiness: { ready: true, reason: 'ready' }, healthz: 200, readyz: 200 },
    { readiness: { ready: false, reason: 'draining' }, healthz: 200, readyz: 503 },
    { readiness: undefined, healthz: 503, readyz: 503 },
  ];
  for (const { readiness, healthz, readyz } of states) {
    const url = await serve(t, { ...ALIVE, readiness: () => Promise.resolve(readiness) });
    assert.equal((await fetch(`${url}/healthz`)).status, healthz);
    const answer = await fetch(`${url}/readyz`);
    assert.equal(answer.status, readyz);
    assert.equal(await answer.text(), `${readiness?.reason ?? 'the server does not answer'}\n`);
  }
});

test('a page that the primary does not give is an error, not an empty page', async (t) => {
  const url = await serve(t, { ...ALIVE, page: () => Promise.resolve(undefined) });
  assert.equal((await fetch(`${url}/metrics`)).status, 503);
});

test('everything else is refused: other paths, other methods', async (t) => {
  const url = await serve(t);
  for (const path of ['/', '/metrics/', '/metric', '/healthz/x', '//metrics'])
    assert.equal((await fetch(`${url}${path}`)).status, 404, path);
  const posted = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
});

test('a header that is too large, and one that is none, end the connection', async (t) => {
  const url = await serve(t);
  const large = await talk(t, url, `GET /metrics HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
  assert.match(large, /^HTTP\/1.1 431 /);
  assert.match(await talk(t, url, 'what?\r\n\r\n'), /^HTTP\/1.1 400 /);
});

test('a body is not waited for', async (t) => {
  const url = await serve(t);
  const head = 'GET /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n';
  const heard = await talk(t, url, head);
  assert.match(heard, /^HTTP\/1.1 200 [^]*Connection: close/);
});

test('nobody has more than 64 connections, and who closes one makes room', async (t) => {
  const url = await serve(t);
  const sockets: Socket[] = [];
  for (let i = 0; i < 64; i++) sockets.push(await open(t, url));
  const closed = once(await open(t, url), 'close');
  await closed;
  sockets[0]?.destroy();
  await until(() =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
});

test('a header that does not come ends the connection', async (t) => {
  const url = await serve(t, ALIVE, 300);
  assert.match(await talk(t, url, 'GET /metrics HTTP/1.1\r\nhost: x\r\n'), /^HTTP\/1.1 408 |^$/);
});

/** Its URL without a final slash. */
async function serve(t: TestContext, components = ALIVE, patienceMs?: number): Promise<string> {
  const server = createPageServer(components, patienceMs);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function open(t: TestContext, url: string): Promise<Socket> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** All that is heard until the connection is closed. */
async function talk(t: TestContext, url: string, said: string): Promise<string> {
  const socket = await open(t, url);
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString()));
  socket.write(said);
  await once(socket, 'close');
  return heard;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}
